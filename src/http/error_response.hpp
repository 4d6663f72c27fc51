// SPDX-License-Identifier: Apache-2.0
// What the gateway itself answers when something is wrong: HubSpot's error envelope (hubspot.md section 6),
// so that its SDKs parse it, with a category that begins HUBWARD_. Pure but for the correlation id.
#pragma once

#include <string_view>

#include "core/result.hpp"
#include "http/message.hpp"

namespace hubward::http {

// `code` becomes the category "HUBWARD_" + code.
Response error_response(int status, std::string_view code, std::string_view message);
// The status follows from the code where it is one of this room's (BODY_TOO_LARGE is 413), else from the
// fault: the caller's 400, HubSpot's or the network's 502, ours 500 or, where trying again helps, 503. Rooms
// with codes of their own look those up first.
int status_of(const Error& error);
Response error_response(const Error& error);
Response error_response(const Error& error, const std::string& correlation_id);

// "Not Found" for 404; empty for a status without a name here.
std::string_view reason_phrase(int status);

}  // namespace hubward::http
