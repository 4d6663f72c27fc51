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

Stream::State state_after(Descriptor::Wait waited) {
  switch (waited) {
    case Descriptor::Wait::Ready: return Stream::State::Ok;
    case Descriptor::Wait::TimedOut: return Stream::State::TimedOut;
    case Descriptor::Wait::Cancelled: break;
  }
  return Stream::State::Cancelled;
}

// OpenSSL judges an outcome by the errors that are waiting. Looking costs less than clearing its sixteen
// places.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
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
    default: break;
  }
  heard_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  trouble_ = reason_of(ssl_.get());
  return {State::Broken, 0, Want::Nothing};
}

Stream::Attempt Stream::read_now(std::span<char> into) {
  if (ssl_) {
    forget_errors();
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
    forget_errors();
    std::size_t size = 0;
    int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
    return outcome == 1 ? Attempt{State::Ok, size, Want::Nothing} : judge_tls(outcome);
  }
  ssize_t size = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {State::Ok, static_cast<std::size_t>(size), Want::Nothing};
  return would_block() ? Attempt{State::Ok, 0, Want::Writable} : Attempt{State::Broken, 0, Want::Nothing};
}

Descriptor::Waiting Stream::ready(Want want, Deadline deadline) {
  using Direction = Descriptor::Direction;
  return socket_.ready(want == Want::Writable ? Direction::Write : Direction::Read, deadline);
}

Async<Stream::State> Stream::start_tls(SslPtr ssl, Deadline deadline) {
  ssl_ = std::move(ssl);
  for (;;) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) co_return State::Ok;
    Attempt attempt = judge_tls(outcome);
    if (attempt.state != State::Ok) co_return attempt.state;
    Descriptor::Wait waited = co_await ready(attempt.want, deadline);
    if (waited != Descriptor::Wait::Ready) co_return state_after(waited);
  }
}

bool Stream::took_everything(std::size_t asked, std::size_t got) const {
  if (ssl_) return tls_socket_.drained && SSL_has_pending(ssl_.get()) == 0;
  return got > 0 && got < asked;
}

Stream::Read Stream::note_read(Attempt attempt, std::size_t asked) {
  drained_ = took_everything(asked, attempt.size);
  return {attempt.state, attempt.size};
}

Async<Stream::Read> Stream::read(std::span<char> into, Deadline deadline) {
  if (std::exchange(drained_, false)) return read_later(into, Want::Readable, deadline);
  Attempt attempt = read_now(into);
  if (attempt.is_over()) return Async<Read>::already(note_read(attempt, into.size()));
  return read_later(into, attempt.want, deadline);
}

Async<Stream::Read> Stream::read_later(std::span<char> into, Want want, Deadline deadline) {
  for (;;) {
    Descriptor::Wait waited = co_await ready(want, deadline);
    if (waited != Descriptor::Wait::Ready) co_return Read{state_after(waited), 0};
    Attempt attempt = read_now(into);
    if (attempt.is_over()) co_return note_read(attempt, into.size());
    want = attempt.want;
  }
}

Async<Stream::State> Stream::wait_for_bytes(Deadline deadline) {
  return drained_ ? wait_until_readable(deadline) : Async<State>::already(State::Ok);
}

Async<Stream::State> Stream::wait_until_readable(Deadline deadline) {
  Descriptor::Wait waited = co_await ready(Want::Readable, deadline);
  if (waited == Descriptor::Wait::Ready) drained_ = false;
  co_return state_after(waited);
}

Async<Stream::State> Stream::write(std::string_view bytes, Deadline deadline) {
  Attempt attempt = write_what_goes(bytes);
  if (attempt.state != State::Ok || attempt.want == Want::Nothing)
    return Async<State>::already(attempt.state);
  return write_rest(bytes, attempt.want, deadline);
}

// Takes it off `bytes`.
Stream::Attempt Stream::write_what_goes(std::string_view& bytes) {
  Attempt attempt{State::Ok, 0, Want::Nothing};
  while (!bytes.empty() && attempt.state == State::Ok && attempt.want == Want::Nothing) {
    attempt = write_now(bytes);
    bytes.remove_prefix(attempt.size);
  }
  return attempt;
}

Async<Stream::State> Stream::write_rest(std::string_view bytes, Want want, Deadline deadline) {
  while (want != Want::Nothing) {
    Descriptor::Wait waited = co_await ready(want, deadline);
    if (waited != Descriptor::Wait::Ready) co_return state_after(waited);
    Attempt attempt = write_what_goes(bytes);
    if (attempt.state != State::Ok) co_return attempt.state;
    want = attempt.want;
  }
  co_return State::Ok;
}

void Stream::release() {
  // Freed by OpenSSL after every record (SSL_MODE_RELEASE_BUFFERS), they would be wiped whole and allocated
  // again for every message.
  if (ssl_) SSL_free_buffers(ssl_.get());
}

std::shared_ptr<const PeerCertificate> Stream::peer_certificate(const TlsContext& judge) const {
  return ssl_ ? judge.peer_certificate(*ssl_) : nullptr;
}

void Stream::answer_plainly(std::string_view bytes) {
  // A few hundred bytes into an empty socket; who does not get them loses nothing.
  static_cast<void>(::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
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
