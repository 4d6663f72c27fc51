// SPDX-License-Identifier: Apache-2.0
// What of a message's fields goes on to the other side. Hop-by-hop and Connection-named fields are gone
// already (the listener and the client take them off). Pure.
#pragma once

#include <string_view>

#include "http/client.hpp"
#include "http/message.hpp"

namespace hubward::gateway {

// Whether the answer must arrive unencoded, because we read or rewrite it on its way.
enum class Encoding { Identity, AsAsked };

// Drops what must never reach HubSpot: the caller's credentials and cookies, words about where the call came
// from, method overrides.
void prepare_for_hubspot(http::Fields& fields, Encoding encoding);

// Turns a Location that leads to HubSpot's API, or to this upstream, towards the gateway, as paging links are
// (hubspot/link_rewrite.hpp): a caller that follows it would carry its key there. `base`: scheme, authority
// and path prefix where the caller reached us.
void lead_back(http::Fields& fields, const http::Origin& upstream, std::string_view base);

// Drops what is between HubSpot's edge and a browser, and would speak for our address: cookies, HSTS,
// Alt-Svc, reports.
void prepare_for_caller(http::Fields& fields);

}  // namespace hubward::gateway
