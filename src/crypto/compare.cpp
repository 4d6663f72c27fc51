// SPDX-License-Identifier: Apache-2.0
#include "crypto/compare.hpp"

#include <openssl/crypto.h>

namespace hubward::crypto {

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hubward::crypto
