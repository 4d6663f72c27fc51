// SPDX-License-Identifier: Apache-2.0
// Which keys a reload takes over and which wait for a restart. Pure; any thread.
#pragma once

#include <string>

#include "app/config.hpp"

namespace hubward::app {

// What a reload cannot change, as names of keys; empty when the new configuration can be taken over whole.
std::string needs_restart(const Config& now, const Config& wanted);

// What is in force after a reload: `wanted`, but for what needs_restart() names, which stays as it is now.
Config in_force(const Config& now, Config wanted);

}  // namespace hubward::app
