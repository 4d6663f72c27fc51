// SPDX-License-Identifier: Apache-2.0
// The life of a connection as an operator sees it: which state it is in at a moment, why, and what to do, as
// decisions without I/O. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "grants/connection.hpp"
#include "grants/refresh_plan.hpp"

namespace hubward::grants {

enum class AppKnown { No, Yes };  // to the configuration

// `settled` is what rests in the store; expiring and refreshing are read off the moment. What is broken
// outranks what is under way, so that a retry does not hide its cause: a failing grant stays failing while it
// is asked about again, and a dead one dead while it is probed.
ConnectionState state_at(ConnectionState settled, const GrantFacts& facts, AppKnown app, SteadyPoint now);

// What a failing connection is shown with whose app is not in the configuration.
LastTrouble app_is_missing(const AppName& app, TimePoint now);

// The scopes that are required and were not granted, in the order of `required`.
std::vector<std::string> missing_scopes(const std::vector<std::string>& required,
                                        const std::vector<std::string>& granted);

// Why it is in that state and what a person should do; both empty while it simply works. A
// connected one to which HubSpot did not grant every scope that its app requires says so.
struct Explanation {
  std::string cause;      // "HubSpot answered 503"
  std::string next_step;  // "Nothing to do: it is tried again."
};
Explanation explanation_of(const ConnectionView& view);

// "acme-prod is failing: HubSpot answered 503; nothing to do: it is tried again."
std::string sentence_of(const ConnectionView& view);

}  // namespace hubward::grants
