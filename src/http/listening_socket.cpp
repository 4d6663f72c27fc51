// SPDX-License-Identifier: Apache-2.0
#include "http/listening_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace hubward::http {

namespace {

// As many as the kernel lets wait (net.core.somaxconn).
constexpr int backlog = 4096;

class OwnedSocket {
 public:
  explicit OwnedSocket(int fd) : fd_(fd) {}
  ~OwnedSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  OwnedSocket(const OwnedSocket&) = delete;
  OwnedSocket& operator=(const OwnedSocket&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string reason() {
  return std::generic_category().message(errno);
}

std::unexpected<Error> cannot_listen(const std::string& where, const std::string& why) {
  return failure("LISTEN", Fault::Us, Retry::Never, "cannot listen on " + where + ": " + why);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> address_of(const Endpoint& endpoint) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    address.size = sizeof *v4;
    return address;
  }
  if (inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    address.size = sizeof *v6;
    return address;
  }
  return cannot_listen("'" + endpoint.address + "'",
                       "not an IPv4 or IPv6 address; write 0.0.0.0 or :: for all");
}

Result<int> listen_on_address(const Endpoint& endpoint) {
  Result<Address> address = address_of(endpoint);
  if (!address) return std::unexpected(address.error());
  std::string where = endpoint.address + " port " + std::to_string(endpoint.port);
  OwnedSocket socket(
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (socket.get() < 0) return cannot_listen(where, reason());
  int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  // Accepted sockets inherit it: one write is one message, which must not wait for more.
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  bool listens =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0 &&
      ::listen(socket.get(), backlog) == 0;
  if (!listens) return cannot_listen(where, reason());
  return socket.release();
}

// Removes a socket file that nobody listens on; anything else in its place is an error.
Result<void> clear_stale(const sockaddr_un& address, const std::string& where) {
  struct stat found{};
  if (::lstat(address.sun_path, &found) != 0) {
    if (errno == ENOENT) return {};
    return cannot_listen(where, reason());
  }
  if (!S_ISSOCK(found.st_mode)) return cannot_listen(where, "something that is no socket stands there");
  OwnedSocket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (probe.get() < 0) return cannot_listen(where, reason());
  int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno != ECONNREFUSED) return cannot_listen(where, "another program listens there");
  if (::unlink(address.sun_path) != 0) return cannot_listen(where, reason());
  return {};
}

Result<int> listen_on_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return cannot_listen(path, "the path is longer than 107 bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  Result<void> cleared = clear_stale(address, path);
  if (!cleared) return std::unexpected(cleared.error());
  OwnedSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return cannot_listen(path, reason());
  // The file that bind() makes has the mode that the socket has (Linux: unix_bind), so it is never open.
  bool listens = ::fchmod(socket.get(), 0600) == 0 &&
                 ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                 ::listen(socket.get(), backlog) == 0;
  if (!listens) return cannot_listen(path, reason());
  return socket.release();
}

Peer peer_of(int fd, const sockaddr_storage& storage) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    peer.address = inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    peer.port = ntohs(v4->sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    peer.address = inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) peer.address.erase(0, peer.address.rfind(':') + 1);
    peer.port = ntohs(v6->sin6_port);
  } else {
    peer.address = "unix";
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) peer.uid = credentials.uid;
  }
  return peer;
}

}  // namespace

Result<int> listen_on(const Endpoint& endpoint) {
  return endpoint.socket_path.empty() ? listen_on_address(endpoint) : listen_on_path(endpoint.socket_path);
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

Accepted accept_from(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  int accepted = ::accept4(fd, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) return {.fd = -1, .trouble = errno, .peer = {}};
  return {.fd = accepted, .trouble = 0, .peer = peer_of(accepted, storage)};
}

}  // namespace hubward::http
