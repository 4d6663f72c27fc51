// SPDX-License-Identifier: Apache-2.0
// One run of the simulation of pacing: clients that call as they like, a line, a HubSpot that counts each
// call at a moment of its own choosing between sending and answer, perhaps others who spend from the same
// window, and a clock that only this moves.
#pragma once

#include <cstdint>
#include <string>

namespace hubward::simulation {

struct PacingCounts {
  std::uint64_t asked = 0, went = 0, waited = 0, too_late = 0, expired = 0, left = 0, full = 0;
  std::uint64_t refused = 0;         // by HubSpot; only where others spend, too
  std::uint64_t probed_others = 0;   // schedules in which others spend
  std::uint64_t calls_of_those = 0;  // our calls in these
  PacingCounts& operator+=(const PacingCounts& other);
};

struct PacingVerdict {
  std::string broken;  // empty: nothing
  PacingCounts counts;
};
PacingVerdict run_pacing_schedule(std::uint64_t seed, bool trace);
std::string describe_pacing(std::uint64_t seed);

}  // namespace hubward::simulation
