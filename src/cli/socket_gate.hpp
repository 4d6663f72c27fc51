// SPDX-License-Identifier: Apache-2.0
// The way to a running gateway: HTTP/1.1 over its local socket, one connection for each call. Strict about
// what it reads, although the other end is ours: a status line, fields, a body of Content-Length. Blocking.
#pragma once

#include <memory>
#include <string>

#include "cli/house.hpp"

namespace hubward::cli {

// A journal page of the largest size is about this much.
constexpr std::size_t max_answer_bytes = 32 * 1024 * 1024;
// Key rotation and disconnecting wait for HubSpot or the disk.
constexpr int answer_timeout_seconds = 120;

// Fails with NO_GATEWAY when nobody listens there.
Result<std::unique_ptr<Gate>> open_socket_gate(const std::string& path);

}  // namespace hubward::cli
