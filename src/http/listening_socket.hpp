// SPDX-License-Identifier: Apache-2.0
// Sockets that listen: bound safely, and accepted from one connection at a time. Plain functions; for http/
// only.
#pragma once

#include <cstdint>

#include "core/result.hpp"
#include "http/listener.hpp"
#include "http/message.hpp"

namespace hubward::http {

// A non-blocking socket that listens on an address and port, or on a local socket that has mode 0600 before
// anyone can connect. A socket file that nobody listens on any more is replaced.
Result<int> listen_on(const Endpoint& endpoint);
std::uint16_t bound_port(int fd);

struct Accepted {
  int fd = -1;      // -1: none
  int trouble = 0;  // errno, when none
  Peer peer;
};
Accepted accept_from(int fd);

}  // namespace hubward::http
