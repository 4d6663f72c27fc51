// SPDX-License-Identifier: Apache-2.0
#include "gateway/client_key.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace hubward::gateway {
namespace {

constexpr std::string_view prefix = client_key_prefix;
constexpr std::size_t id_bytes = 8;
constexpr std::size_t id_length = 2 * id_bytes;
constexpr std::size_t secret_length = 43;
static_assert(prefix.size() + id_length + 1 + secret_length == client_key_length);

bool is_id_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_secret_character(char c) {
  return is_digit(c) || is_alpha(c) || c == '-' || c == '_';
}

}  // namespace

ClientKey make_client_key(crypto::Random& random) {
  std::byte id[id_bytes];
  random.fill(id);
  std::string name = to_hex(id);
  return {name, crypto::random_text(random, fmt::format("{}{}_", prefix, name), secret_length)};
}

std::optional<std::string_view> client_key_id(std::string_view key) {
  if (key.size() != client_key_length || !key.starts_with(prefix)) return std::nullopt;
  std::string_view id = key.substr(prefix.size(), id_length);
  std::string_view secret = key.substr(prefix.size() + id_length + 1);
  if (key[prefix.size() + id_length] != '_') return std::nullopt;
  if (!std::ranges::all_of(id, is_id_character) || !std::ranges::all_of(secret, is_secret_character))
    return std::nullopt;
  return id;
}

crypto::Digest hash_client_key(const crypto::HmacKey& pepper, const Secret& key) {
  return pepper.sign(key.reveal());
}

}  // namespace hubward::gateway
