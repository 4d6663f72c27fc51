// SPDX-License-Identifier: Apache-2.0
#include "app/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/ascii.hpp"

namespace hubward::app {
namespace {

// How long a word may wait for a service manager that does not listen at the moment.
constexpr timeval longest_wait{.tv_sec = 1, .tv_usec = 0};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unexpected<Error> refused(std::string_view name, std::string_view why) {
  return invalid(
      "SERVICE_MANAGER_INVALID",
      fmt::format("{} in the environment {}; unset it when no service manager listens", name, why));
}

Result<std::string> socket_from_environment() {
  std::string_view path = variable("NOTIFY_SOCKET");
  if (path.empty()) return std::string();
  if (path.front() != '/' && path.front() != '@')
    return refused("NOTIFY_SOCKET", "is neither an absolute path nor an abstract name (@…)");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return refused("NOTIFY_SOCKET", "is too long");
  return std::string(path);
}

// WATCHDOG_PID, when it is there, says for which process the watchdog is meant (sd_watchdog_enabled(3)).
Result<std::optional<std::chrono::microseconds>> watchdog_from_environment() {
  std::string_view period = variable("WATCHDOG_USEC"), pid = variable("WATCHDOG_PID");
  if (period.empty() || (!pid.empty() && pid != std::to_string(::getpid()))) return std::nullopt;
  std::optional<std::uint64_t> microseconds = to_number(period);
  constexpr auto most = static_cast<std::uint64_t>(std::chrono::microseconds(std::chrono::hours(24)).count());
  if (!microseconds || *microseconds == 0 || *microseconds > most)
    return refused("WATCHDOG_USEC", "is not a number of microseconds up to a day");
  return std::chrono::microseconds(*microseconds);
}

}  // namespace

Result<ServiceManager> ServiceManager::from_environment() {
  Result<std::string> socket = socket_from_environment();
  if (!socket) return std::unexpected(socket.error());
  auto watchdog = watchdog_from_environment();
  if (!watchdog) return std::unexpected(watchdog.error());
  ServiceManager manager;
  manager.socket_ = std::move(*socket);
  if (manager.listens()) manager.watchdog_ = *watchdog;
  return manager;
}

Result<void> ServiceManager::tell(std::string_view lines) const {
  if (!listens()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(socket_, address.sun_path);
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ssize_t sent = -1;
  if (descriptor >= 0 &&
      ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &longest_wait, sizeof longest_wait) == 0)
    sent = ::sendto(descriptor, lines.data(), lines.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), length);
  int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (sent == static_cast<ssize_t>(lines.size())) return {};
  return failure("SERVICE_MANAGER_UNREACHED", Fault::Us, Retry::Later,
                 fmt::format("the service manager was not reached at {} (NOTIFY_SOCKET): {}", socket_,
                             std::strerror(reason)));
}

std::string ready(std::string_view status) {
  return fmt::format("READY=1\nSTATUS={}", status);
}

std::string reloading(std::chrono::microseconds monotonic) {
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reading the configuration again",
                     monotonic.count());
}

std::string stopping(std::chrono::microseconds at_most) {
  return fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\nSTATUS=Stopping: calls in flight may finish",
                     at_most.count());
}

std::string alive() {
  return "WATCHDOG=1";
}

}  // namespace hubward::app
