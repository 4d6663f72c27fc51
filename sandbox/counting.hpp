// SPDX-License-Identifier: Apache-2.0
// What was called, by whom, how often. Bounded (Counters::max_seen, max_rows); holds no credential, no body
// and no value of a query.
#pragma once

#include "sandbox/world.hpp"

namespace hubward::sandbox {

void count(World& world, const Call& call, std::string_view label, int status);
Json counters_json(const World& world);
Json seen_calls_json(const World& world, std::int64_t after);

}  // namespace hubward::sandbox
