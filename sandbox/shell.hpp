// SPDX-License-Identifier: Apache-2.0
// The thin shell around the World: HTTP in, a Call; an Answer, HTTP out, with the waits and cuts that faults
// ask for. A resource of one loop.
#pragma once

#include <memory>

#include "async/loop.hpp"
#include "http/listener.hpp"
#include "http/message.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

// The whole request in memory; a body larger than the listener's limit never gets here.
constexpr std::size_t largest_body = 16 * 1024 * 1024;
constexpr std::size_t largest_state = 256 * 1024 * 1024;

// What the simulated HubSpot answers. The World must outlive every answer's body.
Async<http::Response> serve_api(World& world, http::Request request);
// What the control port answers; refuses browsers' calls (an Origin, or a Host that is not this machine).
Async<http::Response> serve_control(World& world, http::Request request);

}  // namespace hubward::sandbox
