// SPDX-License-Identifier: Apache-2.0
#include "grants/install_secrets.hpp"

#include <algorithm>

#include "core/ascii.hpp"
#include "crypto/compare.hpp"
#include "crypto/digest.hpp"

namespace hubward::grants {
namespace {

// None of the pieces can hold a zero byte (tickets are base64url), so it tells them apart.
constexpr std::string_view gap("\0", 1);

Bytes mac(const Secret& key, std::string_view purpose, std::string_view first, std::string_view second = {}) {
  crypto::Digest digest =
      crypto::hmac_sha256(key.reveal(), {bytes_of("hubward install "), bytes_of(purpose), bytes_of(gap),
                                         bytes_of(first), bytes_of(gap), bytes_of(second)});
  return {digest.begin(), digest.end()};
}

}  // namespace

bool looks_like_ticket(std::string_view text) {
  return text.size() == ticket_length &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
}

Secret draw_ticket(crypto::Random& random) {
  return crypto::random_text(random, "", ticket_length);
}

Bytes InstallSecrets::invite_hash(std::string_view ticket) const {
  return mac(key_, "invite", ticket);
}
Bytes InstallSecrets::state_hash(std::string_view state) const {
  return mac(key_, "state", state);
}
Bytes InstallSecrets::browser_hash(std::string_view state, std::string_view cookie) const {
  return mac(key_, "browser", state, cookie);
}
bool InstallSecrets::same_browser(const Bytes& kept, std::string_view state, std::string_view cookie) const {
  return crypto::equal_in_constant_time(kept, browser_hash(state, cookie));
}

Secret InstallSecrets::pkce_verifier(std::string_view state) const {
  Bytes digest = mac(key_, "pkce", state);
  std::string text = to_base64url(digest);
  Secret verifier(text);
  wipe(std::span(digest));
  wipe(std::span(text));
  return verifier;
}

std::string cookie_name(const Bytes& state_hash) {
  constexpr std::size_t enough = 8;
  return "__Host-hubward-" + to_hex(std::span(state_hash).first(enough));
}

std::string_view cookie_value(std::string_view cookie_field, std::string_view name) {
  for (std::string_view pair : split(cookie_field, ';')) {
    pair = trimmed(pair);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace hubward::grants
