// SPDX-License-Identifier: Apache-2.0
// HubSpot's rate limits (hubspot.md sections 5.1 to 5.4): a rolling ten seconds for each app in each account,
// a day for each account, a second for searches. Pure over the World; each limit can be switched off.
#pragma once

#include <expected>

#include "sandbox/problem.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

enum class Pace { Normal, Search, Associations };

struct Allowance {
  std::int64_t ten_seconds = 0, daily = 0, associations = 0;
};
Allowance allowance_of(const Account& account, const App& app);

// Counts the call; a Problem is the 429. What is refused counts against the day too (section 5.1, from the
// field).
std::expected<void, Problem> spend(World& world, Account& account, const App& app, Pace pace);
// The X-HubSpot-RateLimit fields of section 5.2.
Fields limit_fields(World& world, Account& account, const App& app, Pace pace);

std::int64_t calls_today(World& world, const Account& account);
// When the account's day ends, in its own time zone.
TimePoint next_midnight(const Account& account, TimePoint now);

}  // namespace hubward::sandbox
