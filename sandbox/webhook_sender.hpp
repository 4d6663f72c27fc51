// SPDX-License-Identifier: Apache-2.0
// Signs and posts what the webhooks' core says is due. A resource of one loop; ends with it.
#pragma once

#include "async/async.hpp"
#include "async/loop.hpp"
#include "http/client.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

// The fields that HubSpot sends with a body (hubspot.md section 3).
std::vector<std::pair<std::string, std::string>> signed_fields(const App& app, std::string_view url,
                                                               std::string_view body, TimePoint now);

// Looks for what is due every few milliseconds, for ever. Everything outlives the loop's last turn.
Async<void> send_webhooks(World& world, Loop& loop, http::Client& client);

}  // namespace hubward::sandbox
