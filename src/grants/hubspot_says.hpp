// SPDX-License-Identifier: Apache-2.0
// HubSpot's answer as a Result, with a sentence that names what was being done. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::grants {

// HUBSPOT_REFUSED, or HUBSPOT_UNAVAILABLE (Retry::Later).
template <class T>
Result<T> value_or_reason(std::string_view doing, hubspot::OauthOutcome<T> outcome) {
  if (auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome)) {
    std::string hint =
        refusal->client_is_wrong() ? "; compare the app's client_id and client_secret with HubSpot's" : "";
    return failure("HUBSPOT_REFUSED", Fault::HubSpot, Retry::Never,
                   std::string(doing) + ": HubSpot refused with " + refusal->shown() + hint);
  }
  if (auto* trouble = std::get_if<hubspot::OauthTrouble>(&outcome))
    return failure("HUBSPOT_UNAVAILABLE", Fault::HubSpot, Retry::Later,
                   std::string(doing) + ": " + trouble->what);
  return std::move(std::get<T>(outcome));
}

}  // namespace hubward::grants
