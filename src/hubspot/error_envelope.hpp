// SPDX-License-Identifier: Apache-2.0
// HubSpot's error bodies, both ways (hubspot.md sections 5.3 and 6). Ours are written so that its SDKs parse
// them and people can tell whose error it is; HubSpot's are read tolerantly, whatever documented form they
// have. Pure; values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace hubward::hubspot {

constexpr std::string_view own_category_prefix = "HUBWARD_";

struct OwnError {
  std::string category;  // with the prefix
  std::string message;   // one sentence
  std::string correlation_id;
  std::vector<std::pair<std::string, std::vector<std::string>>> context;
  // For a 429 of ours: "TEN_SECONDLY_ROLLING" or "SECONDLY". HubSpot's Node SDK backs off only when it finds
  // this (section 5.5).
  std::string policy_name;
};
std::string envelope(const OwnError& error);
OwnError own_error(const Error& error, std::string correlation_id);

struct HubSpotError {
  enum class Kind : std::uint8_t {
    Other,
    ExpiredToken,        // 401 EXPIRED_AUTHENTICATION: renew and repeat
    InvalidToken,        // any other 401
    MissingScopes,       // 403 MISSING_SCOPES
    MissingPermissions,  // 403 MISSING_PERMISSIONS, or 400 with USER_DOES_NOT_HAVE_PERMISSIONS
    DailyLimit,          // 429 DAILY
    TenSecondlyLimit,    // 429 TEN_SECONDLY_ROLLING, or a 429 that does not say
    SecondlyLimit,       // 429 SECONDLY
    Locked,              // 423
    Migrating,           // 477
    Unavailable,         // 502, 503, 504, 521-524
  } kind = Kind::Other;
  std::string category;        // as HubSpot wrote it; empty when it did not, or wrote no name of its kind
  std::string correlation_id;  // likewise
  std::string policy_name;
  std::vector<std::string> required_scopes;
  bool all_scopes_required = false;  // else any one of them
  // USER_DOES_NOT_HAVE_PERMISSIONS among the results of a validation: whoever the token belongs to may not do
  // this, most often because they were removed from the account (section 2.1).
  bool user_lacks_permissions = false;
};

constexpr std::size_t longest_error_body = 256 * 1024;  // more than this is not read for meaning

// Never fails: a body that says nothing (HTML, empty, cut) leaves what the status says. Messages are not
// kept: they may hold personal data (section 6.4).
HubSpotError read_error(int status, std::string_view body);

}  // namespace hubward::hubspot
