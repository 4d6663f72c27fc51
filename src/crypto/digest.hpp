// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104). Pure; any thread. Whatever OpenSSL keeps of a key or a
// message is wiped when the call returns. Cannot fail on a working machine: anything else aborts.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>

namespace hubward::crypto {

constexpr std::size_t digest_size = 32;
using Digest = std::array<std::byte, digest_size>;
// A message in one piece or several: the digest is that of the pieces one after the other.
using Pieces = std::initializer_list<std::span<const std::byte>>;

Digest sha256(std::span<const std::byte> message);
Digest sha256(Pieces message);

Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message);
Digest hmac_sha256(std::span<const std::byte> key, Pieces message);
// Straight into memory of the caller's choosing, for a result that is itself a secret.
void hmac_sha256(std::span<const std::byte> key, Pieces message, std::span<std::byte, digest_size> into);

// For what arrives a piece at a time: a file, a streamed body. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::span<const std::byte> piece);
  Digest finish();  // and begins anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubward::crypto
