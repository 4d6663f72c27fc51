// SPDX-License-Identifier: Apache-2.0
// Inside admin: private-app tokens and service keys as operators see them. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "grants/connection.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::admin {

// Null for an OAuth grant.
Json token_facts(const grants::ConnectionView& view, TimePoint now);

// What an operator should do about the token soon, each as a sentence.
std::vector<std::string> token_troubles(const grants::ConnectionView& view, TimePoint now);

// How many tokens are due within which time, and how long until the first is.
void measure_tokens(telemetry::Metrics& metrics, const std::vector<grants::ConnectionView>& views,
                    TimePoint now);

}  // namespace hubward::admin
