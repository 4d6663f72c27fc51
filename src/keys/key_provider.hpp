// SPDX-License-Identifier: Apache-2.0
// Wraps and unwraps keys with a root key that never leaves its keeper: a file read at start, later a cloud's
// key service or a PKCS#11 token. A wrapped key opens only with the binding that it was wrapped with.
// Implementations are safe to call from any loop; what they unwrap is cached by the caller, under a bound.
#pragma once

#include <string>

#include "async/async.hpp"
#include "core/encoding.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "keys/root_key.hpp"

namespace hubward::keys {

// What a wrapped key is for; part of the associated data, as is the provider's own id().
struct KeyBinding {
  std::string key_id;
  std::string purpose;     // "connection", or which of the system's secrets
  std::string connection;  // empty for the system's secrets
};

class KeyProvider {
 public:
  virtual ~KeyProvider() = default;
  virtual const RootKeyId& id() const = 0;
  virtual Async<Result<Bytes>> wrap(Secret key, KeyBinding binding) = 0;
  // WRAPPED_KEY_REFUSED: changed, moved, or wrapped by another root key.
  virtual Async<Result<Secret>> unwrap(Bytes wrapped, KeyBinding binding) = 0;
};

}  // namespace hubward::keys
