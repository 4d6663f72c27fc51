// SPDX-License-Identifier: Apache-2.0
#include "http/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "async/await.hpp"
#include "async/loop.hpp"

namespace hubward::http {

namespace {

constexpr std::size_t discarded_at_once = 16 * 1024 * 1024;
constexpr unsigned char tls_handshake = 22;
constexpr int longest_tls_record = 16 * 1024;  // before encryption

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
  Direction direction = want == Want::Writable ? Direction::Write
                        : want == Want::Either ? Direction::Either
                                               : Direction::Read;
  return socket_.ready(direction, deadline);
}

Async<Stream::State> Stream::start_tls(SslPtr ssl, Deadline deadline) {
  ssl_ = std::move(ssl);
  for (;;) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) {
      drained_ = false;  // what came along with the handshake may have been read with it
      co_return State::Ok;
    }
    Attempt attempt = judge_tls(outcome);
    if (attempt.state != State::Ok) co_return attempt.state;
    release();  // whoever does not go on costs half
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

std::optional<Stream::Read> Stream::read_at_once(std::span<char> into) {
  Attempt attempt = read_now(into);
  if (attempt.is_over()) return note_read(attempt, into.size());
  drained_ = attempt.want == Want::Readable;
  return std::nullopt;
}

Async<Stream::State> Stream::wait_for_bytes(Deadline deadline) {
  return drained_ ? wait_until_readable(deadline) : Async<State>::already(State::Ok);
}

Async<Stream::State> Stream::wait_until_readable(Deadline deadline) {
  Descriptor::Wait waited = co_await ready(Want::Readable, deadline);
  if (waited == Descriptor::Wait::Ready) drained_ = false;
  co_return state_after(waited);
}

bool Stream::hello_is_there() const {
  std::array<unsigned char, 5> header{};  // type, version, length (RFC 8446 section 5.1)
  ssize_t seen = ::recv(fd(), header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
  if (seen > 0 && header[0] != tls_handshake) return true;
  if (seen < static_cast<ssize_t>(header.size())) return false;
  int there = 0;
  ::ioctl(fd(), FIONREAD, &there);
  int length = header[3] << 8 | header[4];
  return length > longest_tls_record || there >= length + static_cast<int>(header.size());
}

Async<Stream::State> Stream::wait_for_hello(Deadline deadline) {
  for (;;) {
    Descriptor::Wait waited = co_await ready(Want::Readable, deadline);
    if (waited != Descriptor::Wait::Ready) co_return state_after(waited);
    if (hello_is_there()) co_return State::Ok;
    if (socket_.ended()) co_return State::Closed;
  }
}

Async<Stream::State> Stream::hold(Deadline until) {
  for (;;) {
    Descriptor::Wait waited = co_await ready(Want::Readable, until);
    if (waited == Descriptor::Wait::TimedOut) co_return State::Ok;
    if (waited != Descriptor::Wait::Ready) co_return state_after(waited);
    if (socket_.ended()) co_return State::Closed;
  }
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
    bool heed = is_answer_ && want == Want::Writable;
    if (heed && has_bytes() && is_answer_()) co_return State::Answered;
    // A peer that has said its last and still takes bytes is only waited for as a reader.
    Descriptor::Wait waited = co_await ready(heed && !socket_.ended() ? Want::Either : want, deadline);
    if (waited != Descriptor::Wait::Ready) co_return state_after(waited);
    if (heed) drained_ = false;  // what woke us may have been bytes, and is told once
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

// Bytes of a message, not only what TLS says for itself.
bool Stream::has_bytes() {
  char byte = 0;
  bool found = false;
  if (ssl_) {
    ERR_clear_error();
    std::size_t size = 0;
    found = SSL_peek_ex(ssl_.get(), &byte, 1, &size) == 1;
    ERR_clear_error();  // trouble is found again by whoever reads
  } else {
    found = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }
  drained_ = false;
  return found;
}

void Stream::finish() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();  // the peer may be gone, which is no news here
  }
  ::shutdown(fd(), SHUT_WR);
}

Async<void> Stream::discard(Deadline until) {
  for (;;) {
    // TCP drops so much without copying it (tcp(7), MSG_TRUNC).
    ssize_t dropped = ::recv(fd(), nullptr, discarded_at_once, MSG_TRUNC | MSG_DONTWAIT);
    if (dropped == 0 || (dropped < 0 && !would_block())) co_return;
    if (dropped > 0) co_await yield();
    Descriptor::Wait waited = co_await ready(Want::Readable, until);
    if (waited != Descriptor::Wait::Ready || until <= std::chrono::steady_clock::now()) co_return;
  }
}

bool Stream::peer_is_there() const {
  pollfd asked{.fd = tls_socket_.fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) == 0;
}

bool Stream::has_news() const {
  if (ssl_ && SSL_has_pending(ssl_.get()) == 1) return true;
  char byte = 0;
  ssize_t seen = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return seen >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace hubward::http
