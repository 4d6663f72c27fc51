// SPDX-License-Identifier: Apache-2.0
// A client's own credential: what a program sends in place of a HubSpot token. Shown once, stored only as a
// hash.
//
//   hwk_<id>_<secret>
//   id:     16 lower-case hex digits, names the key in lists and logs
//   secret: 43 characters of base64url, more than 256 random bits
//
// The stored hash is HMAC-SHA256(pepper, the whole text): the pepper is sealed in the vault, so a stolen
// store gives no way to test guesses, and a plain hash is enough for 256 random bits. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/secret.hpp"
#include "crypto/digest.hpp"
#include "crypto/hmac_key.hpp"
#include "crypto/random.hpp"

namespace hubward::gateway {

constexpr std::string_view client_key_prefix = "hwk_";
constexpr std::size_t client_key_length = 4 + 16 + 1 + 43;

struct ClientKey {
  std::string id;
  Secret text;  // the whole key
};

ClientKey make_client_key(crypto::Random& random);

// The id within a key that is well formed, else nothing. Says nothing about whether such a key exists.
std::optional<std::string_view> client_key_id(std::string_view key);

crypto::Digest hash_client_key(const crypto::HmacKey& pepper, const Secret& key);

}  // namespace hubward::gateway
