// SPDX-License-Identifier: Apache-2.0
// What can be told from a credential's shape alone (hubspot.md sections 1.7, 2.1 and 2.4). A shape proves
// nothing about validity; it says which kind to expect and catches the wrong secret in the wrong place. Pure;
// any thread; the text is looked at, never kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "hubspot/regions.hpp"

namespace hubward::hubspot {

enum class TokenShape : unsigned char {
  PrivateApp,      // pat-{hublet}-{uuid}: private app, static project app or service key
  OAuthAccess,     // base64url of HubSpot's own message
  HubletUuid,      // {hublet}-{hex 4-4-4-4-12}: refresh token, authorisation code, developer key
  PlainUuid,       // client id, client secret, old refresh token
  PersonalAccess,  // key of HubSpot's command line: user-level, not for integrations
  Unknown,
};

constexpr std::size_t longest_token = 4096;  // docs ask for 512 and growth (section 1.7)

TokenShape shape_of(std::string_view token);
std::string_view to_text(TokenShape shape);  // "a private-app token or service key"

// The region in a PrivateApp or HubletUuid token.
std::optional<Hublet> hublet_of(std::string_view token);

// Fields that an OAuth access token shows without any secret. For labels and cross-checks, not a validation.
struct AccessTokenFacts {
  TimePoint expires_at;
  std::uint64_t hub_id = 0, user_id = 0, app_id = 0;
  std::optional<Hublet> hublet;
};
std::optional<AccessTokenFacts> read_access_token(std::string_view token);

}  // namespace hubward::hubspot
