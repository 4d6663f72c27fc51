// SPDX-License-Identifier: Apache-2.0
// Bytes in and out of one connection, plain or through TLS. Owns the socket. One task uses it at a time. A
// resource of one loop; for http/ only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "http/descriptor.hpp"
#include "http/tls_context.hpp"

namespace hubward::http {

class Stream {
 public:
  enum class State {
    Ok,
    Closed,     // the peer said that it will send no more
    TimedOut,   // the deadline passed
    Broken,     // cut, reset, or not TLS
    Cancelled,  // by us
    Answered,   // the peer began to speak while we still wrote, and did not take what we wrote
  };
  struct Read {
    State state;
    std::size_t size;  // at least 1 when Ok
  };

  Stream(Loop& loop, int fd) : socket_(loop, fd), tls_socket_{.fd = fd} {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Speaks TLS from here on. False with the reason in trouble().
  Async<State> start_tls(SslPtr ssl, Deadline deadline);

  // What need not wait is done at once, by the call; each is awaited where it is called.

  // At least one byte, as soon as there is any.
  Async<Read> read(std::span<char> into, Deadline deadline);
  // What is there already; nothing when that is less than a byte of the message.
  std::optional<Read> read_at_once(std::span<char> into);
  // Until read() is worth trying; needs no buffer meanwhile.
  Async<State> wait_for_bytes(Deadline deadline);
  // Until the peer's first TLS record is there whole, or what is there cannot be one. Reads nothing, so that
  // a peer that takes its time costs no memory.
  Async<State> wait_for_hello(Deadline deadline);
  // Reads nothing until the time has come: Ok. Closed as soon as the peer has left meanwhile.
  Async<State> hold(Deadline until);
  // Whether the last read left something, or may have.
  bool has_more() const { return !drained_; }
  // All of it.
  Async<State> write(std::string_view bytes, Deadline deadline);
  // A write that has to wait while the peer speaks asks this, which may read what there is, and ends, with
  // Answered, when it says so. Null: nobody listens.
  void heed(std::function<bool()> is_answer) { is_answer_ = std::move(is_answer); }

  // Gives back what is only needed while bytes move.
  void release();
  // Reads and drops what still comes, undeciphered, until the peer or the time ends. After finish().
  Async<void> discard(Deadline until);
  // Says that we send no more; does not wait.
  void finish();
  // Whether a connection that should be silent has something to say, or has ended: what the loop has been
  // told so far, which costs nothing, and what asking the socket tells.
  bool may_have_news() const { return !drained_ || !socket_.is_quiet(); }
  bool has_news() const;
  // Whether the peer has neither closed its side nor gone; what it sent before does not matter.
  bool peer_is_there() const;
  // Ends the wait that is on and every later one.
  void cancel() { socket_.cancel(); }
  // What TLS is set up on.
  TlsSocket& tls_socket() { return tls_socket_; }
  bool is_tls() const { return ssl_ != nullptr; }
  // What a client showed in its handshake, as `judge` sees it; null when that is nothing.
  std::shared_ptr<const PeerCertificate> peer_certificate(const TlsContext& judge) const;
  // Whether the handshake failed because the client spoke plain HTTP; then it may be told so, without TLS and
  // without waiting.
  bool heard_plain_http() const { return heard_plain_http_; }
  void answer_plainly(std::string_view bytes);
  // What was wrong with TLS, for people.
  const std::string& trouble() const { return trouble_; }

 private:
  enum class Want { Nothing, Readable, Writable, Either };
  struct Attempt {
    State state;
    std::size_t size;
    Want want;
    bool is_over() const { return state != State::Ok || size > 0; }
  };
  Attempt judge_tls(int outcome);
  Attempt read_now(std::span<char> into);
  Attempt write_now(std::string_view bytes);
  Descriptor::Waiting ready(Want want, Deadline deadline);
  Async<Read> read_later(std::span<char> into, Want want, Deadline deadline);
  Attempt write_what_goes(std::string_view& bytes);
  Async<State> write_rest(std::string_view bytes, Want want, Deadline deadline);
  Async<State> wait_until_readable(Deadline deadline);
  Read note_read(Attempt attempt, std::size_t asked);

  bool has_bytes();
  bool hello_is_there() const;
  bool took_everything(std::size_t asked, std::size_t got) const;
  int fd() const { return tls_socket_.fd; }

  Descriptor socket_;
  TlsSocket tls_socket_;
  SslPtr ssl_;  // dies before the sockets it uses
  bool heard_plain_http_ = false;
  bool drained_ = true;  // nothing was left after the last read: waiting comes before trying
  std::function<bool()> is_answer_;
  std::string trouble_;
};

}  // namespace hubward::http
