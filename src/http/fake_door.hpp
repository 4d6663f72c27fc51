// SPDX-License-Identifier: Apache-2.0
// For tests: a loop on a thread of its own, with a listener on it, and raw sockets to reach that from the
// test's thread. Every wait is on a socket and ends. Header only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "async/loop.hpp"
#include "core/invariant.hpp"
#include "http/listener.hpp"

namespace hubward::http {

// A blocking socket that gives up after a few seconds, so that no test hangs.
class RawSocket {
 public:
  // `from` is the address it comes from, one of 127.0.0.0/8.
  explicit RawSocket(std::uint16_t port, const char* from = "127.0.0.1")
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &address.sin_addr);
    bool bound = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = bound && ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  // False when the other end has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish() { ::shutdown(fd_, SHUT_WR); }
  // Until `end` has come, the other end closes, or patience ends.
  std::string read_until(std::string_view end) {
    std::string text;
    char byte = 0;
    while (!text.ends_with(end) && ::recv(fd_, &byte, 1, 0) == 1) text.push_back(byte);
    return text;
  }
  std::string read_to_end() {
    std::string text;
    char bytes[4096];
    for (;;) {
      ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
      if (size <= 0) {
        ended_ = size == 0 || errno == ECONNRESET;
        return text;
      }
      text.append(bytes, static_cast<std::size_t>(size));
    }
  }
  // Whether the last read_to_end() ended because the other end closed.
  bool ended() const { return ended_; }

 private:
  int fd_;
  bool connected_ = false;
  bool ended_ = false;
};

class FakeDoor {
 public:
  explicit FakeDoor(Listener::Handler handler, Limits limits = {},
                    std::optional<TlsServer> tls = std::nullopt, Endpoint endpoint = {},
                    std::shared_ptr<DoorFigures> figures = nullptr) {
    Result<std::unique_ptr<Listener>> opened = Listener::open(loop_, std::move(endpoint), std::move(tls),
                                                              limits, std::move(handler), std::move(figures));
    invariant(opened.has_value(), opened ? "" : opened.error().message);
    listener_ = std::move(*opened);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~FakeDoor() {
    loop_.post([this] {
      listener_.reset();
      loop_.stop();
    });
    thread_.join();
  }
  FakeDoor(const FakeDoor&) = delete;
  FakeDoor& operator=(const FakeDoor&) = delete;

  std::uint16_t port() const { return listener_->port(); }
  Loop& loop() { return loop_; }
  // Only inside on_loop().
  Listener& listener() { return *listener_; }
  // Runs `work` on the loop's thread and waits for it.
  void on_loop(std::move_only_function<void()> work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  Loop loop_;
  std::unique_ptr<Listener> listener_;
  std::thread thread_;
};

}  // namespace hubward::http
