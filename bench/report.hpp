// SPDX-License-Identifier: Apache-2.0
// What a run came to. A value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/latencies.hpp"

namespace hubward::bench {

struct Report {
  std::uint64_t answered = 0;    // while measuring
  std::uint64_t bytes = 0;       // of their bodies
  std::uint64_t bad_status = 0;  // not 2xx
  std::uint64_t errors = 0;      // not answered at all
  std::uint64_t unfinished = 0;  // when the time to drain was over
  std::uint64_t cut = 0;         // by us, as asked for
  std::uint64_t handshakes = 0, resumed = 0;
  std::uint64_t reopened = 0;  // connections that the server had closed
  std::uint64_t held = 0;      // open when holding ended
  std::string first_error;
  Latencies latencies;  // of the requests that were due while measuring
  std::chrono::duration<double> time{0};
  std::chrono::nanoseconds watched{0};  // CPU time of the watched processes while measuring

  void note_error(const std::string& what) {
    if (errors++ == 0) first_error = what;
  }
  bool valid() const { return bad_status + errors + unfinished == 0; }
  std::string json() const;  // one line
};

}  // namespace hubward::bench
