// SPDX-License-Identifier: Apache-2.0
// What HubSpot's credentials look like (hubspot.md section 1.7), made for the sandbox. Pure but for the
// World's randomness.
#pragma once

#include <string>

#include "sandbox/world.hpp"

namespace hubward::sandbox {

// base64url of the protobuf message that HubSpot uses; begins with C and I..P.
std::string make_access_token(World& world, const App& app, const Account& account, TimePoint expires,
                              const std::vector<std::string>& scopes);
// "na1-hhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh": refresh tokens and codes.
std::string make_short_token(World& world, const Account& account);

// Mints a token for an install and counts it.
std::string issue_access_token(World& world, const App& app, const Account& account, Install& install);

}  // namespace hubward::sandbox
