// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/encoding.hpp"
#include "core/invariant.hpp"

namespace hubward::crypto {

void SystemRandom::fill(std::span<std::byte> into) {
  constexpr std::size_t most_at_once = std::numeric_limits<int>::max();
  while (!into.empty()) {
    std::span<std::byte> part = into.first(std::min(into.size(), most_at_once));
    int outcome = RAND_bytes(reinterpret_cast<unsigned char*>(part.data()), static_cast<int>(part.size()));
    invariant(outcome == 1, "the system gives random bytes");
    into = into.subspan(part.size());
  }
}

std::string uuid4(Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // the variant of RFC 9562
  std::string text = to_hex(bytes);
  for (std::size_t dash : {20, 16, 12, 8}) text.insert(dash, 1, '-');
  return text;
}

Secret random_secret(Random& random, std::size_t size) {
  Secret secret = Secret::of_size(size);
  random.fill(secret.writable());
  return secret;
}

Secret random_text(Random& random, std::string_view prefix, std::size_t length) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  Secret text = Secret::of_size(prefix.size() + length);
  std::ranges::copy(bytes_of(prefix), text.writable().begin());
  std::span<std::byte> rest = text.writable().subspan(prefix.size());
  random.fill(rest);
  for (std::byte& character : rest)
    character = static_cast<std::byte>(alphabet[std::to_integer<std::size_t>(character) & 63]);
  return text;
}

}  // namespace hubward::crypto
