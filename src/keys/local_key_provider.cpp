// SPDX-License-Identifier: Apache-2.0
#include "keys/local_key_provider.hpp"

#include "async/await.hpp"
#include "crypto/aead.hpp"
#include "crypto/binding.hpp"

namespace hubward::keys {
namespace {

Bytes associated_data(const RootKeyId& root, const KeyBinding& binding) {
  return crypto::binding(
      {"hubward wrapped key 1", root.text, binding.key_id, binding.purpose, binding.connection});
}

}  // namespace

Async<Result<Bytes>> LocalKeyProvider::wrap(Secret key, KeyBinding binding) {
  co_return crypto::seal(root_.wrapping_key(), associated_data(root_.id(), binding), key.reveal(), random_);
}

Async<Result<Secret>> LocalKeyProvider::unwrap(Bytes wrapped, KeyBinding binding) {
  Result<Secret> key = crypto::open(root_.wrapping_key(), associated_data(root_.id(), binding), wrapped);
  if (key) co_return std::move(*key);
  co_return failure("WRAPPED_KEY_REFUSED", Fault::Store, Retry::Never,
                    "the wrapped key " + binding.key_id + " does not open under root key " + root_.id().text +
                        ": the row was changed or moved, or restore the store from a backup");
}

Result<std::unique_ptr<KeyProvider>> open_local_key_provider(const SecretSource& source,
                                                             crypto::Random& random) {
  Result<RootKey> root = read_root_key(source);
  if (!root) return std::unexpected(std::move(root.error()));
  return std::make_unique<LocalKeyProvider>(std::move(*root), random);
}

}  // namespace hubward::keys
