// SPDX-License-Identifier: Apache-2.0
// File descriptors, of which a process has few unless it asks for more: every connection in and out takes
// one, and strangers at the public door must not take those of everybody else.
#pragma once

#include <cstddef>

namespace hubward::app {

// Asks for as many as the machine lets this process have (RLIMIT_NOFILE, the hard limit) and answers how many
// there are now.
std::size_t raise_descriptor_limit();

// How many connections each door may have, of those that the configuration wants. A quarter of all
// descriptors is the most that the public door gets, half is the most for egress; the rest is for calls to
// HubSpot, operators and the store.
struct DoorShares {
  std::size_t egress = 0;
  std::size_t outside = 0;
};
DoorShares door_shares(std::size_t wanted, std::size_t descriptors);

}  // namespace hubward::app
