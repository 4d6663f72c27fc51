// SPDX-License-Identifier: Apache-2.0
// The simulated HubSpot as one function: a call in, an answer out, and the World changed. The order of checks
// is hubspot.md section 13: route, 401, 429, 403, 415 and 400, record, conflict.
#pragma once

#include "sandbox/world.hpp"

namespace hubward::sandbox {

Answer handle(World& world, const Call& call);

}  // namespace hubward::sandbox
