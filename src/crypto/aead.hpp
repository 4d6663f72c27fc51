// SPDX-License-Identifier: Apache-2.0
// Authenticated encryption: AES-256-GCM (NIST SP 800-38D) under a fresh random 96-bit nonce. Sealed bytes
// open only under the same key and the same associated data, and only if no bit of them was changed.
//
// Format of sealed bytes (docs/formats/sealed.md):
//   byte  0       format version, 1
//   bytes 1..12   nonce
//   ...           ciphertext, as long as the plain bytes
//   last 16       tag
//
// Random nonces bound a key to 2^32 seals (SP 800-38D section 8.3); a data key seals two tokens per refresh.
// Pure but for the Random; any thread. The key schedule is wiped before the call returns.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/encoding.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/random.hpp"

namespace hubward::crypto {

constexpr std::size_t aead_key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::byte sealed_version{1};
constexpr std::size_t sealed_overhead = 1 + nonce_size + tag_size;
// Tokens are under a kilobyte; this is the most that one value may be, and fits into one chunk of locked
// memory.
constexpr std::size_t largest_sealable = 64 * 1024;
// A payload is no credential, so it rests in ordinary memory and may be longer.
constexpr std::size_t largest_payload = 16 * 1024 * 1024;

// `key` has aead_key_size bytes. Fails only with TOO_LARGE_TO_SEAL.
Result<Bytes> seal(const Secret& key, std::span<const std::byte> associated, std::span<const std::byte> plain,
                   Random& random);

// Fails with SEALED_VALUE_REFUSED: not in this format, changed, sealed under another key, or for another
// place. Which of the last three cannot be told apart.
Result<Secret> open(const Secret& key, std::span<const std::byte> associated,
                    std::span<const std::byte> sealed);

// The same for payloads: customers' data, of at most largest_payload bytes.
Result<Bytes> seal_payload(const Secret& key, std::span<const std::byte> associated,
                           std::span<const std::byte> plain, Random& random);
Result<std::string> open_payload(const Secret& key, std::span<const std::byte> associated,
                                 std::span<const std::byte> sealed);

}  // namespace hubward::crypto
