// SPDX-License-Identifier: Apache-2.0
// HubSpot's hosts and data regions, "hublets" (hubspot.md section 0). The host of a call comes from the
// operation's family and the configuration, never from the caller. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/named.hpp"

namespace hubward::hubspot {

using Hublet = Named<struct HubletTag>;  // "na1", "eu1"; an open set

enum class HostFamily : unsigned char {
  Api,    // api.hubapi.com
  Forms,  // api.hsforms.com: submissions of forms (section 9.2)
};

// Two or three letters and one or two digits: the shape of every hublet seen.
std::optional<Hublet> hublet_from(std::string_view text);

// "api.hubapi.com": serves the accounts of every region.
std::string_view default_host(HostFamily family);
// "api-eu1.hubapi.com"; na1 has no name of its own.
std::string regional_host(HostFamily family, const Hublet& hublet);

// A host under which HubSpot serves its API, of any family and region: what links in its answers point at.
bool is_hubspot_api_host(std::string_view host);

}  // namespace hubward::hubspot
