// SPDX-License-Identifier: Apache-2.0
// The answer of a door without TLS: where to go instead. Pure.
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace hubward::http {

// 308 to the same path and query under `base` ("https://hooks.example.com", from the configuration and never
// from a Host field) for GET and HEAD; 405 for everything else, lest a program that sends secrets goes on
// sending them here. The connection ends either way.
Response redirect_to(std::string_view base, const Request& request);

}  // namespace hubward::http
