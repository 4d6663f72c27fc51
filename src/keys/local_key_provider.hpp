// SPDX-License-Identifier: Apache-2.0
// Wraps with a root key held in this process's locked memory: AES-256-GCM in the sealed format
// (crypto/aead.hpp), bound to "hubward wrapped key 1", root key id, key id, purpose and connection
// (docs/formats/sealed.md).
#pragma once

#include <memory>

#include "crypto/random.hpp"
#include "keys/key_provider.hpp"

namespace hubward::keys {

class LocalKeyProvider final : public KeyProvider {
 public:
  LocalKeyProvider(RootKey root, crypto::Random& random) : root_(std::move(root)), random_(random) {}

  const RootKeyId& id() const override { return root_.id(); }
  Async<Result<Bytes>> wrap(Secret key, KeyBinding binding) override;
  Async<Result<Secret>> unwrap(Bytes wrapped, KeyBinding binding) override;

 private:
  const RootKey root_;
  crypto::Random& random_;
};

// The provider for a root key read from `source`. `random` outlives it.
Result<std::unique_ptr<KeyProvider>> open_local_key_provider(const SecretSource& source,
                                                             crypto::Random& random);

}  // namespace hubward::keys
