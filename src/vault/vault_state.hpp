// SPDX-License-Identifier: Apache-2.0
// What the Vault's coroutines share; they hold it, so that it outlives a Vault that dies while one waits.
// For the sources of this room.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "async/blocking_pool.hpp"
#include "store/database.hpp"
#include "vault/key_cache.hpp"
#include "vault/tables.hpp"
#include "vault/vault.hpp"

namespace hubward::vault {

using SharedProvider = std::shared_ptr<keys::KeyProvider>;

// The root keys that this process can use, and which of them is current. Locks for itself.
class RootKeys {
 public:
  SharedProvider current() const;
  SharedProvider find(const keys::RootKeyId& id) const;  // null when it is not known
  void add(SharedProvider provider);
  void make_current(const keys::RootKeyId& id);
  void drop_all_but_current();

 private:
  mutable std::mutex mutex_;
  std::vector<SharedProvider> providers_;
  SharedProvider current_;
};

struct Vault::State {
  explicit State(Parts parts)
      : database(parts.database),
        random(parts.random),
        clock(parts.clock),
        openings(std::make_shared<Openings>()) {
    openings->tell = std::move(parts.on_opening);
    for (auto& provider : parts.root_keys) root_keys.add(std::move(provider));
  }

  // Constant after open(), or locking for themselves.
  store::Database& database;
  crypto::Random& random;
  const Clock& clock;
  const std::shared_ptr<Openings> openings;
  Secret client_key_pepper, state_key, journal_key, inbox_key;
  RootKeys root_keys;
  KeyCache cache{data_key_cache_limit};
  std::atomic<bool> rotating{false};

  // Emptying the write-ahead log waits for the disk. Ends with the Vault, and before all else here does.
  std::optional<BlockingPool> disk{std::in_place, 1};
};

// Empties the write-ahead log, where wrapped keys that were deleted may still be read.
Async<Result<void>> empty_log(std::shared_ptr<Vault::State> state);

}  // namespace hubward::vault
