// SPDX-License-Identifier: Apache-2.0
// One run of the simulation: two hours of weather drawn from a seed, then quiet, in which everything must
// come right.
#pragma once

#include <cstdint>
#include <string>

#include "world.hpp"

namespace hubward::simulation {

struct Verdict {
  std::string broken;  // empty: nothing
  Counts counts;
};
Verdict run_schedule(std::uint64_t seed, Breakage breakage, World::Trace trace);

// In words, for whoever replays a seed.
std::string describe(const Weather& weather);
Weather weather_of(std::uint64_t seed);

}  // namespace hubward::simulation
