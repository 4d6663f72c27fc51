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

namespace {

std::string uuid4_of(std::span<const std::byte, uuid_bytes> random) {
  std::array<std::byte, uuid_bytes> bytes;
  std::ranges::copy(random, bytes.begin());
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // the variant of RFC 9562
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    text[at++] = digits[std::to_integer<unsigned>(bytes[i]) >> 4];
    text[at++] = digits[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return text;
}

}  // namespace

std::string uuid4(Random& random) {
  std::array<std::byte, uuid_bytes> bytes;
  random.fill(bytes);
  return uuid4_of(bytes);
}

std::string Uuids::next() {
  if (used_ == drawn_.size()) {
    random_.fill(drawn_);
    used_ = 0;
  }
  std::span<const std::byte, uuid_bytes> bytes(drawn_.data() + used_, uuid_bytes);
  used_ += uuid_bytes;
  return uuid4_of(bytes);
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
