// SPDX-License-Identifier: Apache-2.0
// What the gateway itself answers: HubSpot's error envelope with a category of ours. One place maps an error
// to a status. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "http/message.hpp"

namespace hubward::gateway {

int status_of(const Error& error);
// As Retry-After has it (RFC 9110 section 10.2.3): whole seconds, and at least one.
std::string seconds_of(std::chrono::milliseconds wait);

// With Retry-After where trying later can help, and WWW-Authenticate on a 401 (RFC 9110 section 11.6.1).
// `wait` is how long it takes until trying can help, where that is known.
http::Response refusal(const Error& error, const std::string& correlation_id,
                       std::optional<std::chrono::milliseconds> wait = std::nullopt);

}  // namespace hubward::gateway
