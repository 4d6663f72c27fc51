// SPDX-License-Identifier: Apache-2.0
// The root key: the one secret that is never in the store. It only wraps data keys (keys/key_provider.hpp).
// Outside it is 32 random bytes, written raw, as 64 hexadecimal digits or as base64, with or without a line
// end: `openssl rand -hex 32 > root.key && chmod 600 root.key` (docs/keys.md).
//
// Two values are derived from it (HMAC-SHA256 under the root key, docs/formats/sealed.md): the key that
// wraps, and an id that may be shown. The bytes as read are wiped at once. A resource that moves.
#pragma once

#include "core/named.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "keys/secret_source.hpp"

namespace hubward::keys {

using RootKeyId = Named<struct RootKeyIdTag>;  // 16 hexadecimal digits, says nothing about the key

class RootKey {
 public:
  // ROOT_KEY_MALFORMED: no form of 32 bytes, or bytes that nobody drew at random. `where` is for the
  // sentence.
  static Result<RootKey> from(Secret content, std::string_view where);

  const RootKeyId& id() const { return id_; }
  const Secret& wrapping_key() const { return wrapping_key_; }

 private:
  RootKey(RootKeyId id, Secret wrapping_key) : id_(std::move(id)), wrapping_key_(std::move(wrapping_key)) {}
  RootKeyId id_;
  Secret wrapping_key_;
};

// Reads and derives; the errors of read_secret_bytes() and RootKey::from().
Result<RootKey> read_root_key(const SecretSource& source);

}  // namespace hubward::keys
