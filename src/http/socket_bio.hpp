// SPDX-License-Identifier: Apache-2.0
// OpenSSL's way to a socket. Its own writes with write(2), and a peer that has gone away then ends the
// process with SIGPIPE; this one sends with MSG_NOSIGNAL.
#pragma once

#include <optional>

#include "http/handshake_guard.hpp"

struct ssl_st;

namespace hubward::http {

struct TlsSocket {
  int fd = -1;                               // non-blocking
  bool drained = false;                      // the last read took everything there was
  std::optional<HandshakeGuard> guard = {};  // of a server's connection, until its client encrypts
};

// `socket` outlives `ssl`.
void attach_socket(ssl_st* ssl, TlsSocket& socket);

}  // namespace hubward::http
