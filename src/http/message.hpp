// SPDX-License-Identifier: Apache-2.0
// HTTP messages as plain values (RFC 9110). Nothing here knows a socket. Values; they move between functions
// of one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/async.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "http/certificate.hpp"

namespace hubward::http {

// Header fields in their order. The text of all of them lies in one buffer, which is wiped when the fields
// die, since an Authorization value may have been in it. Names compare without case. What the parser let in
// is safe to write out again: no control bytes, no line ends; add() refuses such bytes as a bug.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Fields() = default;
  Fields(Fields&& other) noexcept { swap(other); }
  Fields& operator=(Fields&& other) noexcept {
    swap(other);
    return *this;
  }
  Fields(const Fields& other);
  Fields& operator=(const Fields& other);
  ~Fields() {
    if (text_) wipe(std::span<char>(text_.get(), used_));
  }

  // Room for `bytes` of names and values, so that adding need not move what is there.
  void reserve(std::size_t bytes);
  void add(std::string_view name, std::string_view value);
  // For the reader of heads, which judges every byte itself: keeps the lines of a head in one copy, and then
  // says which pieces of `lines` are a name and its value.
  void hold(std::string_view lines);
  void add_held(std::string_view lines, std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // in place of all of that name
  std::size_t remove(std::string_view name);                // how many there were
  template <class Drops>
  std::size_t remove_if(Drops drops) {  // those for which drops(Field)
    return std::erase_if(entries_, [&](const Entry& entry) {
      bool dropped = drops(at(entry));
      if (dropped) wipe_entry(entry);
      return dropped;
    });
  }
  // The first of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // Takes the first value of that name out into locked memory and wipes it here; removes all of that name.
  std::optional<Secret> take_secret(std::string_view name);

  std::size_t size() const { return entries_.size(); }
  Field operator[](std::size_t index) const { return at(entries_[index]); }

 private:
  struct Entry {
    std::uint32_t name, name_length, value, value_length;  // where they stand in the text
  };
  Field at(const Entry& entry) const {
    return {{text_.get() + entry.name, entry.name_length}, {text_.get() + entry.value, entry.value_length}};
  }
  void swap(Fields& other) noexcept {
    std::swap(text_, other.text_);
    std::swap(used_, other.used_);
    std::swap(capacity_, other.capacity_);
    std::swap(entries_, other.entries_);
  }
  void wipe_entry(const Entry& entry);
  void move_to_room_for(std::size_t bytes);
  std::uint32_t append(std::string_view text);

  std::unique_ptr<char[]> text_;
  std::uint32_t used_ = 0, capacity_ = 0;
  std::vector<Entry> entries_;
};

// A body as a pull stream: whoever wants bytes asks for them, so a slow reader slows the writer.
class Body {
 public:
  virtual ~Body() = default;
  // The next piece, valid until the next call; an empty piece is the end. An error ends the stream.
  virtual Async<Result<std::string_view>> next() = 0;
  // How many bytes it has in all, when that is known before.
  virtual std::optional<std::uint64_t> length() const = 0;
  // Whether next() will answer without waiting, so that a writer can gather small pieces.
  virtual bool ready() const { return false; }
};

std::unique_ptr<Body> text_body(std::string text);
// The whole of it, or BODY_TOO_LARGE as soon as it passes the limit. A null body is an empty text.
Async<Result<std::string>> read_all(std::unique_ptr<Body> body, std::size_t limit);

// A certificate whose private key the peer has proved to hold. Whether it counts is for others to decide: it
// may be anybody's.
struct PeerCertificate {
  CertificateFacts facts;
  // Why the authorities of this door do not vouch for it; empty when they do, or when the door has none.
  std::string trouble;
};

// Who is at the other end of a connection.
struct Peer {
  std::string address;  // "127.0.0.1", "::1", or "unix"
  std::uint16_t port = 0;
  std::optional<std::uint32_t> uid;                    // peer credentials of a local socket
  std::shared_ptr<const PeerCertificate> certificate;  // null: none was asked for, or none was shown
};

struct Request {
  std::string method;          // as sent; a token (RFC 9110 section 5.6.2)
  std::string target;          // origin form, as sent: path and query, never empty, begins with '/'
  Fields fields;               // without the framing fields: Content-Length, Transfer-Encoding, Connection
  std::unique_ptr<Body> body;  // null when there is none
  Peer peer;
  // Whether whoever sent it is still there to be answered, as far as the network tells; only until the answer
  // is made. Empty: nobody can tell.
  std::function<bool()> caller_is_there;

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {  // without the '?'
    std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
  }
};

struct Response {
  int status = 200;
  Fields fields;               // the framing fields are the connection's business
  std::unique_ptr<Body> body;  // null when there is none
  // How the answer is known in the journal, if it is: an error that takes its place, because its body failed
  // before the first byte, names it.
  std::string correlation_id = {};
  // Ends the connection after this answer, or (abort) before anything of it is written.
  enum class Then { KeepAlive, Close, Abort } then = Then::KeepAlive;
};

Response text_response(int status, std::string content_type, std::string text);

}  // namespace hubward::http
