// SPDX-License-Identifier: Apache-2.0
// The one-time secrets of an install: how they are drawn, and how they are known again without being kept.
// The store holds only HMACs of them under the vault's state key, each with its own purpose, so that neither
// the store alone nor one of the secrets is worth anything. Pure but for Random; any thread.
//
//   ticket    in the invite's address            store: HMAC("invite", ticket)
//   state     through HubSpot and back           store: HMAC("state", state)
//   cookie    in the browser that began          store: HMAC("browser", state, cookie)
//   verifier  of PKCE, to HubSpot                HMAC("pkce", state) itself: derived again, stored nowhere
#pragma once

#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "core/secret.hpp"
#include "crypto/random.hpp"

namespace hubward::grants {

// Characters of base64url: 258 bits.
constexpr std::size_t ticket_length = 43;
bool looks_like_ticket(std::string_view text);
Secret draw_ticket(crypto::Random& random);

class InstallSecrets {
 public:
  // `state_key` outlives it.
  explicit InstallSecrets(const Secret& state_key) : key_(state_key) {}

  Bytes invite_hash(std::string_view ticket) const;
  Bytes state_hash(std::string_view state) const;
  Bytes browser_hash(std::string_view state, std::string_view cookie) const;
  // Whether the browser that holds `cookie` is the one that began; in constant time.
  bool same_browser(const Bytes& kept, std::string_view state, std::string_view cookie) const;
  Secret pkce_verifier(std::string_view state) const;  // 43 characters (RFC 7636 section 4.1)

 private:
  const Secret& key_;
};

// One cookie per install, so that two in one browser do not disturb each other. The __Host- prefix makes the
// browser insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2).
std::string cookie_name(const Bytes& state_hash);
// The value of that cookie in a Cookie field, or nothing.
std::string_view cookie_value(std::string_view cookie_field, std::string_view name);

}  // namespace hubward::grants
