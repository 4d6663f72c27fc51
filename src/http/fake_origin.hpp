// SPDX-License-Identifier: Apache-2.0
// For tests: an origin that answers with exactly the bytes it was given, whatever they are, and remembers
// what it was sent. A thread of its own; every wait is on a socket and ends. Header only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/invariant.hpp"

namespace hubward::http {

class FakeOrigin {
 public:
  // What happens on one accepted connection: for each entry, a head is read and the entry's bytes are sent.
  // Then the connection is closed, or held open until the other end closes.
  struct Script {
    std::vector<std::string> answers;
    // Close; hold the connection and read; likewise without reading, and having sent the end; send `piece`
    // again and again, every 20 ms, and `last` in the end; read `taken` bytes, then send `last`.
    enum class Then { Close, Hold, Deaf, DeafAndDone, Trickle, Take } then = Then::Close;
    std::string piece = {};
    std::string last = {};
    int pieces = 500;
    std::size_t taken = 0;
  };

  // The first connection follows the first script, and so on; the last script serves all that follow.
  explicit FakeOrigin(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int small = 4096;  // what is taken slowly fills the way soon
    if (std::ranges::any_of(scripts_, [](const Script& one) { return one.then == Script::Then::Take; }))
      ::setsockopt(listening_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    bool listens = ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                   ::listen(listening_, 16) == 0 &&
                   ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    invariant(listens, "a fake origin listens");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~FakeOrigin() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  FakeOrigin(const FakeOrigin&) = delete;
  FakeOrigin& operator=(const FakeOrigin&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int closed() const { return closed_; }
  // Everything that came, over all connections.
  std::string received() {
    std::scoped_lock lock(mutex_);
    return received_;
  }

 private:
  void accept_all() {
    for (;;) {
      int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::size_t index = static_cast<std::size_t>(connections_++);
      serve(fd, scripts_[std::min(index, scripts_.size() - 1)]);
      ::close(fd);
      ++closed_;
    }
  }
  void serve(int fd, const Script& script) {
    timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (const std::string& answer : script.answers) {
      std::string head;
      while (!head.ends_with("\r\n\r\n"))
        if (!read_byte(fd, head)) return;
      if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
    }
    if (script.then == Script::Then::DeafAndDone) ::shutdown(fd, SHUT_WR);
    if (script.then == Script::Then::Deaf || script.then == Script::Then::DeafAndDone)
      return wait_for_end(fd);
    if (script.then == Script::Then::Trickle) return trickle(fd, script);
    if (script.then == Script::Then::Take) return take(fd, script);
    std::string rest;
    if (script.then == Script::Then::Hold)
      while (read_byte(fd, rest)) {
      }
  }
  // Reads nothing of what comes.
  static void wait_for_end(int fd) {
    pollfd gone{.fd = fd, .events = POLLRDHUP, .revents = 0};
    ::poll(&gone, 1, 10'000);
  }
  static void trickle(int fd, const Script& script) {
    for (int i = 0; i < script.pieces; ++i) {
      if (::send(fd, script.piece.data(), script.piece.size(), MSG_NOSIGNAL) < 0) return;
      ::usleep(20'000);
    }
    ::send(fd, script.last.data(), script.last.size(), MSG_NOSIGNAL);
  }
  static void take(int fd, const Script& script) {
    std::vector<char> bytes(64 * 1024);
    for (std::size_t left = script.taken; left > 0;) {
      ssize_t size = ::recv(fd, bytes.data(), std::min(left, bytes.size()), 0);
      if (size <= 0) return;
      left -= static_cast<std::size_t>(size);
    }
    ::send(fd, script.last.data(), script.last.size(), MSG_NOSIGNAL);
  }
  bool read_byte(int fd, std::string& into) {
    char byte = 0;
    if (::recv(fd, &byte, 1, 0) != 1) return false;
    into.push_back(byte);
    std::scoped_lock lock(mutex_);
    received_.push_back(byte);
    return true;
  }

  const std::vector<Script> scripts_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> closed_ = 0;
  std::mutex mutex_;  // guards received_
  std::string received_;
  std::thread thread_;
};

}  // namespace hubward::http
