// SPDX-License-Identifier: Apache-2.0
#include "http/socket_bio.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "core/invariant.hpp"

namespace hubward::http {

namespace {

TlsSocket& socket_of(BIO* bio) {
  return *static_cast<TlsSocket*>(BIO_get_data(bio));
}

bool is_passing(int trouble) {
  return trouble == EAGAIN || trouble == EWOULDBLOCK || trouble == EINTR;
}

// What it refuses reads as a broken connection.
bool passes_guard(TlsSocket& socket, std::string_view bytes) {
  bool accepted = socket.guard->accepts(bytes);
  if (!accepted) errno = EPROTO;
  if (accepted && socket.guard->done()) socket.guard.reset();
  return accepted;
}

int send_on(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  TlsSocket& socket = socket_of(bio);
  ssize_t sent = ::send(socket.fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && is_passing(errno)) BIO_set_retry_write(bio);
  if (sent > 0 && socket.guard) socket.guard->sent({bytes, static_cast<std::size_t>(sent)});
  return static_cast<int>(sent);
}

int receive_on(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  TlsSocket& socket = socket_of(bio);
  ssize_t received = ::recv(socket.fd, bytes, static_cast<std::size_t>(size), 0);
  socket.drained = received > 0 && received < size;
  if (received < 0 && is_passing(errno)) BIO_set_retry_read(bio);
  if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (received > 0 && socket.guard && !passes_guard(socket, {bytes, static_cast<std::size_t>(received)}))
    return -1;
  return static_cast<int>(received);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hubward socket");
  invariant(method != nullptr, "memory for OpenSSL's method");
  BIO_meth_set_write(method, send_on);
  BIO_meth_set_read(method, receive_on);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

void attach_socket(ssl_st* ssl, TlsSocket& socket) {
  static BIO_METHOD* const method = make_method();  // a constant of the program
  BIO* bio = BIO_new(method);
  invariant(bio != nullptr, "memory for a TLS connection");
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
}

}  // namespace hubward::http
