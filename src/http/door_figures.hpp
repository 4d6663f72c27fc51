// SPDX-License-Identifier: Apache-2.0
// What an operator sees of a door's bounds: how many connections are open, how often each bound has ended
// one, and, at most once in a while, a line in the log when the door had to turn connections away. One loop.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::http {

class DoorFigures {
 public:
  // Why a connection was ended that its peer would have kept. The first five are the door's own trouble and
  // are logged; the others are a single peer's.
  enum class Cut {
    DoorFull,              // nobody could give way
    AddressFull,           // its address holds as many as it may
    HandshakeRate,         // its turn would have been too far off
    AddressHandshakeRate,  // likewise, among those of its address
    GaveWay,               // to a new connection, when the door was full
    HandshakeFailed,       // no TLS, or none that we speak
    HandshakeSlow,
    HeadSlow,
    BodySlow,    // a request's
    ReaderSlow,  // an answer's
  };

  static constexpr std::chrono::seconds log_interval{60};

  // `door` is how the door is called in the configuration. Clock, metrics and log outlive this.
  DoorFigures(std::string door, const Clock& clock, telemetry::Metrics& metrics, telemetry::Log& log);

  void opened() { open_.add(1); }
  void closed() { open_.add(-1); }
  void handshake_done() { handshakes_.add(); }
  void handshake_delayed() { delayed_.add(); }
  void cut(Cut why);

 private:
  static constexpr std::size_t reasons = 10;
  static constexpr std::size_t logged_reasons = 5;
  void say();

  const std::string door_;
  const Clock& clock_;
  telemetry::Log& log_;
  telemetry::Gauge open_;
  telemetry::Counter handshakes_;
  telemetry::Counter delayed_;
  std::vector<telemetry::Counter> cut_;  // by Cut
  std::array<std::uint64_t, logged_reasons> unsaid_{};
  SteadyPoint said_{};
};

}  // namespace hubward::http
