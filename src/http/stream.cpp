// SPDX-License-Identifier: Apache-2.0
#include "http/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "async/await.hpp"

namespace hubward::http {

namespace {

std::string reason_of(const SSL* ssl) {
  long verified = SSL_get_verify_result(ssl);
  std::string reason = tls_trouble();
  if (verified != X509_V_OK)
    return std::string("certificate refused: ") + X509_verify_cert_error_string(verified);
  return reason;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Stream::Attempt Stream::judge_tls(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ: return {State::Ok, 0, Want::Readable};
    case SSL_ERROR_WANT_WRITE: return {State::Ok, 0, Want::Writable};
    case SSL_ERROR_ZERO_RETURN: return {State::Closed, 0, Want::Nothing};
    default: trouble_ = reason_of(ssl_.get()); return {State::Broken, 0, Want::Nothing};
  }
}

Stream::Attempt Stream::read_now(std::span<char> into) {
  if (ssl_) {
    ERR_clear_error();
    std::size_t size = 0;
    int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
    return outcome == 1 ? Attempt{State::Ok, size, Want::Nothing} : judge_tls(outcome);
  }
  ssize_t size = ::recv(fd(), into.data(), into.size(), 0);
  if (size > 0) return {State::Ok, static_cast<std::size_t>(size), Want::Nothing};
  if (size == 0) return {State::Closed, 0, Want::Nothing};
  return would_block() ? Attempt{State::Ok, 0, Want::Readable} : Attempt{State::Broken, 0, Want::Nothing};
}

Stream::Attempt Stream::write_now(std::string_view bytes) {
  if (ssl_) {
    ERR_clear_error();
    std::size_t size = 0;
    int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
    return outcome == 1 ? Attempt{State::Ok, size, Want::Nothing} : judge_tls(outcome);
  }
  ssize_t size = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {State::Ok, static_cast<std::size_t>(size), Want::Nothing};
  return would_block() ? Attempt{State::Ok, 0, Want::Writable} : Attempt{State::Broken, 0, Want::Nothing};
}

Async<Stream::State> Stream::wait(Want want, Deadline deadline) {
  Descriptor::Wait waited = Descriptor::Wait::Ready;
  if (want == Want::Writable)
    waited = co_await socket_.writable(deadline);
  else
    waited = co_await socket_.readable(deadline);
  switch (waited) {
    case Descriptor::Wait::Ready: co_return State::Ok;
    case Descriptor::Wait::TimedOut: co_return State::TimedOut;
    case Descriptor::Wait::Cancelled: co_return State::Cancelled;
  }
  co_return State::Broken;
}

Async<Stream::State> Stream::start_tls(SslPtr ssl, Deadline deadline) {
  ssl_ = std::move(ssl);
  for (;;) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) co_return State::Ok;
    Attempt attempt = judge_tls(outcome);
    if (attempt.state != State::Ok) co_return attempt.state;
    State waited = co_await wait(attempt.want, deadline);
    if (waited != State::Ok) co_return waited;
  }
}

bool Stream::took_everything(std::size_t asked, std::size_t got) const {
  if (ssl_) return tls_socket_.drained && SSL_has_pending(ssl_.get()) == 0;
  return got > 0 && got < asked;
}

Async<Stream::Read> Stream::read(std::span<char> into, Deadline deadline) {
  for (;;) {
    Attempt attempt{State::Ok, 0, Want::Readable};
    if (!std::exchange(drained_, false)) attempt = read_now(into);
    if (attempt.state != State::Ok || attempt.size > 0) {
      drained_ = took_everything(into.size(), attempt.size);
      co_return Read{attempt.state, attempt.size};
    }
    State waited = co_await wait(attempt.want, deadline);
    if (waited != State::Ok) co_return Read{waited, 0};
  }
}

Async<Stream::State> Stream::wait_for_bytes(Deadline deadline) {
  if (!drained_) co_return State::Ok;
  State waited = co_await wait(Want::Readable, deadline);
  if (waited == State::Ok) drained_ = false;
  co_return waited;
}

Async<Stream::State> Stream::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    Attempt attempt = write_now(bytes);
    if (attempt.state != State::Ok) co_return attempt.state;
    bytes.remove_prefix(attempt.size);
    if (attempt.want == Want::Nothing) continue;
    State waited = co_await wait(attempt.want, deadline);
    if (waited != State::Ok) co_return waited;
  }
  co_return State::Ok;
}

void Stream::finish() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();  // the peer may be gone, which is no news here
  }
  ::shutdown(fd(), SHUT_WR);
}

bool Stream::has_news() const {
  if (ssl_ && SSL_has_pending(ssl_.get()) == 1) return true;
  char byte = 0;
  ssize_t seen = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return seen >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace hubward::http
