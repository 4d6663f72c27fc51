// SPDX-License-Identifier: Apache-2.0
// A service manager's end of $NOTIFY_SOCKET, for tests: a datagram socket that keeps what it is told. Sets
// the variables of the environment while it lives.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/invariant.hpp"

namespace hubward::app {

class FakeServiceManager {
 public:
  // `name`: a path, or "@name" in the abstract namespace.
  explicit FakeServiceManager(const std::string& name, const std::string& watchdog_usec = "") {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    invariant(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length) == 0, "a test can listen");
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (!watchdog_usec.empty()) ::setenv("WATCHDOG_USEC", watchdog_usec.c_str(), 1);
  }
  ~FakeServiceManager() {
    ::close(descriptor_);
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(variable);
  }
  FakeServiceManager(const FakeServiceManager&) = delete;
  FakeServiceManager& operator=(const FakeServiceManager&) = delete;

  // The next datagram; empty when nothing was told.
  std::string told() {
    std::string text(4096, '\0');
    ssize_t got = ::recv(descriptor_, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

 private:
  int descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

}  // namespace hubward::app
