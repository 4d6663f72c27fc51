// SPDX-License-Identifier: Apache-2.0
// What one run of the load generator does, as its command line says. A value; parsing is pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hubward::bench {

// A run always ends, and never takes a machine down: these are the most that it may be told.
constexpr unsigned most_connections = 20'000;
constexpr double most_seconds = 7200;
constexpr double highest_rate = 200'000;
constexpr std::uint64_t most_requests = 50'000'000;
// What still runs when time is over may take this long to end.
constexpr std::chrono::seconds drain_time{5};

struct Plan {
  enum class Mode {
    Closed,     // each connection sends its next request when the last one is answered
    Open,       // requests are due at a fixed rate, and wait for a free connection from then on
    Handshake,  // each request on a new connection
    Hold,       // connections are opened and held
  };
  Mode mode = Mode::Closed;
  std::string address = "127.0.0.1";  // loopback, IPv4
  std::uint16_t port = 0;
  std::string server_name = "localhost";
  std::string ca_file;
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::string> fields;  // "Name: value"
  unsigned first = 0, numbers = 0;  // `{n}` in the path is one of so many numbers, another for each request
  // Whole requests, each sent once, in their order; in place of method, path and fields. See load.hpp.
  std::string requests_file;
  unsigned connections = 32;
  double rate = 0;                    // requests a second; Mode::Open
  bool resume = false;                // handshakes offer the session of the last one
  int status = 0;                     // the answer that is good; 0: every 2xx
  double abort_share = 0;             // of the requests, cut by closing their connection mid-way
  std::chrono::milliseconds drip{0};  // Mode::Hold: a byte of a request this often instead of a whole one
  std::chrono::duration<double> warmup{0}, time{1};
  std::uint64_t requests = most_requests;  // it ends earlier when this many are answered
  std::vector<int> watched;                // processes whose CPU time is read when measuring begins and ends
  bool help = false;
};

// Refuses any address that is not loopback, and whatever is beyond the bounds above.
Result<Plan> parse_plan(std::span<const char* const> words);
extern const char* const usage_text;

}  // namespace hubward::bench
