// SPDX-License-Identifier: Apache-2.0
// A key for HMAC-SHA256 (RFC 2104) that is used again and again: what depends on the key alone is computed
// once and lies in locked memory, so that a short message costs two blocks and no allocation. One that is
// used once goes to hmac_sha256 (crypto/digest.hpp). Immutable; any thread.
#pragma once

#include <span>

#include "core/secret.hpp"
#include "crypto/digest.hpp"

namespace hubward::crypto {

class HmacKey {
 public:
  explicit HmacKey(std::span<const std::byte> key);  // copies nothing of it that could be read back

  Digest sign(std::span<const std::byte> message) const;

 private:
  Secret states_;  // of SHA-256, behind the inner and behind the outer padded key
};

}  // namespace hubward::crypto
