// SPDX-License-Identifier: Apache-2.0
#include "sandbox/tokens.hpp"

#include <fmt/core.h>

#include "core/encoding.hpp"
#include "crypto/digest.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::size_t signature_size = 20;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(0x80 | (value & 0x7f));
    value >>= 7;
  }
  out += static_cast<char>(value);
}
void put_number(std::string& out, std::uint64_t field, std::uint64_t value) {
  put_varint(out, field << 3);
  put_varint(out, value);
}
void put_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_varint(out, field << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

// Stands for HubSpot's bitmap of scopes, which nobody outside can read: a digest of their names.
std::string scope_bits(const std::vector<std::string>& scopes) {
  std::string all;
  for (const std::string& scope : scopes) all += scope + " ";
  return std::string(text_of(crypto::sha256(bytes_of(all))).substr(0, 12));
}

}  // namespace

std::string make_access_token(World& world, const App& app, const Account& account, TimePoint expires,
                              const std::vector<std::string>& scopes) {
  std::string message;
  put_number(message, 1, static_cast<std::uint64_t>(to_millis(expires)));
  put_bytes(message, 2, scope_bits(scopes));
  put_number(message, 3, account.hub_id);
  put_number(message, 4, account.user_id);
  put_number(message, 5, app.app_id);
  put_bytes(message, 6, world.random_bytes(signature_size));
  put_bytes(message, 7, scope_bits(scopes).substr(0, 4));
  put_bytes(message, 8, world.random_bytes(signature_size));
  put_bytes(message, 9, account.hublet);
  put_number(message, 12, 0);
  return to_base64url(bytes_of(message));
}

std::string make_short_token(World& world, const Account& account) {
  std::string hex = to_hex(bytes_of(world.random_bytes(14)));
  return fmt::format("{}-{}-{}-{}-{}-{}", account.hublet, hex.substr(0, 4), hex.substr(4, 4),
                     hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 12));
}

std::string issue_access_token(World& world, const App& app, const Account& account, Install& install) {
  Token token;
  token.app = app.name;
  token.hub_id = account.hub_id;
  token.user_id = install.user_id;
  token.scopes = install.scopes;
  token.expires = world.now() + std::chrono::seconds(app.token_life_s);
  token.generation = ++install.generation;
  std::string text = make_access_token(world, app, account, *token.expires, token.scopes);
  world.keep_token(text, std::move(token));
  return text;
}

}  // namespace hubward::sandbox
