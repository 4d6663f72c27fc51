// SPDX-License-Identifier: Apache-2.0
// Where randomness comes from: the system's, or a seeded stream that tests and the simulation can replay
// (crypto/fake_random.hpp). Implementations are safe to call from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/secret.hpp"

namespace hubward::crypto {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> into) = 0;
};

// OpenSSL's generator, seeded by the kernel. A machine that cannot give randomness cannot be served: aborts.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> into) override;
};

constexpr std::size_t uuid_bytes = 16;

// RFC 9562 version 4, lower case: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6".
std::string uuid4(Random& random);

// As many of them as wanted, for names that are no secrets: drawn a few at a time, since asking the system
// for sixteen bytes costs a microsecond. One thread at a time; `random` outlives it.
class Uuids {
 public:
  explicit Uuids(Random& random) : random_(random) {}
  std::string next();

 private:
  Random& random_;
  std::array<std::byte, 64 * uuid_bytes> drawn_{};
  std::size_t used_ = drawn_.size();
};

// `size` random bytes in locked memory.
Secret random_secret(Random& random, std::size_t size);

// `prefix` and then `length` characters of base64url's alphabet, six random bits each, in locked memory: for
// keys and tokens that people carry. 43 characters are more than 256 bits.
Secret random_text(Random& random, std::string_view prefix, std::size_t length);

}  // namespace hubward::crypto
