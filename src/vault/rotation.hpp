// SPDX-License-Identifier: Apache-2.0
// The rotation of the root key, one transaction at a time, while calls go on:
//
//   begin    the next root key is written down; what an abandoned rotation left is removed
//   wrap     some keys get a second wrap, under the next root key; each is unwrapped again to be sure
//   switch   once every key has both, the next root key becomes the current one
//   clear    the wraps of the old root key are removed, and the write-ahead log is emptied
//
// What a crash leaves: until the switch, a store that opens with the old root key, and with it alone; from
// then on, one that opens with the new root key alone. There is no moment at which both are needed, and no
// root key is ever in the store. Where a rotation stands is read from the store, so that it resumes by
// starting it again with the same next key; after the switch, Vault::open() does what is left.
//
// Belongs to the Vault's rotate_root(); tests drive it by hand.
#pragma once

#include "vault/vault.hpp"

namespace hubward::vault {

class Rotation {
 public:
  // Keys wrapped in one transaction: some milliseconds of the writer's time.
  static constexpr std::int64_t keys_per_step = 64;

  enum class Step { Begun, Wrapped, Switched, Cleared, Done };

  Rotation(std::shared_ptr<Vault::State> vault, std::unique_ptr<keys::KeyProvider> next);
  // For tests that stop in the middle.
  Rotation(const Vault& vault, std::unique_ptr<keys::KeyProvider> next);

  // Does the next transaction and says which it was. Done changes nothing.
  Async<Result<Step>> step();
  const RotationReport& report() const { return report_; }

 private:
  using Provider = std::shared_ptr<keys::KeyProvider>;
  Async<Result<Step>> begin();
  Async<Result<Step>> wrap_or_switch();
  Async<Result<Step>> switch_over();
  Async<Result<Step>> clear();

  std::shared_ptr<Vault::State> vault_;
  Provider next_;
  RotationReport report_;
  bool resumed_or_begun_ = false;
  int switches_refused_ = 0;
};

}  // namespace hubward::vault
