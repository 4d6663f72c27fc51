// SPDX-License-Identifier: Apache-2.0
// A word to the service manager that started us: ready, reading the configuration again, stopping, and that
// the loop still turns. The protocol is one datagram of lines to the socket that $NOTIFY_SOCKET names
// (sd_notify(3), "Notes"); without that variable nobody listens and nothing is said. A value; any thread;
// waits a second at most.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hubward::app {

class ServiceManager {
 public:
  ServiceManager() = default;  // nobody listens

  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. SERVICE_MANAGER_INVALID names the variable that
  // cannot be meant.
  static Result<ServiceManager> from_environment();

  bool listens() const { return !socket_.empty(); }
  // SERVICE_MANAGER_UNREACHED when the datagram could not be sent: the manager then believes what it heard
  // last.
  Result<void> tell(std::string_view lines) const;
  // How often it wants to hear alive() at least; nothing when it does not watch us.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::string socket_;  // a path, or "@name" in the abstract namespace
  std::optional<std::chrono::microseconds> watchdog_;
};

// What there is to tell. `status` is one line that `systemctl status` shows.
std::string ready(std::string_view status);
// `monotonic`: CLOCK_MONOTONIC, at or after the moment when the reload was asked for.
std::string reloading(std::chrono::microseconds monotonic);
// `at_most`: how long the stop may take before it is a hang.
std::string stopping(std::chrono::microseconds at_most);
std::string alive();

}  // namespace hubward::app
