// SPDX-License-Identifier: Apache-2.0
// What a test may ask of the sandbox on its own port (docs/sandbox.md): clock, faults, settings, apps,
// tokens, counters, state, reset. Pure over the World.
#pragma once

#include "core/result.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

Answer handle_control(World& world, const Call& call);

// Ten years: of a token, a code, a lag.
constexpr std::int64_t longest_life_s = 10LL * 365 * 24 * 3600;
bool usable(const App& app);
bool usable(const Settings& settings);

// The whole state as JSON, and back. A load replaces everything that the dump has.
Json dump_state(const World& world);
Result<void> load_state(World& world, const Json& state);
// What a script needs to know of the accounts and apps; holds their (fake) secrets.
Json describe(World& world);

}  // namespace hubward::sandbox
