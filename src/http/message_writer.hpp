// SPDX-License-Identifier: Apache-2.0
// Writes one message: its head and as much of its body as is there in one piece, so that a small message is
// one write. The buffer is wiped after every write: a bearer token may be in it. For http/ only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/async.hpp"
#include "core/result.hpp"
#include "http/buffer.hpp"
#include "http/message.hpp"
#include "http/patience.hpp"
#include "http/stream.hpp"

namespace hubward::http {

class MessageWriter {
 public:
  enum class BodyFraming { None, Counted, Chunked };
  struct Outcome {
    Stream::State state = Stream::State::Ok;
    std::optional<Error> body_trouble;  // our own body failed, or was not as long as it said
    bool started = false;               // whether anything was written
    bool ok() const { return state == Stream::State::Ok && !body_trouble; }
  };

  // How long writing may take: as long as the reader keeps up, and everything together until `end`.
  struct Pace {
    explicit Pace(Patience with, Deadline until = Deadline::max()) : patience(with), end(until) {}
    Deadline begin() { return std::min(patience.begin(), end); }
    bool over() const { return end != Deadline::max() && end <= std::chrono::steady_clock::now(); }
    Patience patience;
    Deadline end;
  };

  explicit MessageWriter(Stream& stream) : stream_(stream) {}
  ~MessageWriter() { clear(); }
  MessageWriter(const MessageWriter&) = delete;
  MessageWriter& operator=(const MessageWriter&) = delete;

  // Gives the buffer back between messages.
  void release() {
    clear();
    out_.reset();
  }
  // Begins a head of at most `head_size` bytes. append() never moves what is there.
  void begin(std::size_t head_size);
  void append(std::string_view text);
  void append_field(std::string_view name, std::string_view value);
  // All fields that are the message's own, not the connection's.
  void append_fields(const Fields& fields);
  static std::size_t size_of(const Fields& fields);

  // Writes the head that was appended, with its empty line, and the body. `body` may be null when the framing
  // is None.
  Async<Outcome> send(Body* body, BodyFraming framing, Pace pace);

 private:
  Async<Stream::State> flush();
  bool gathers(std::string_view piece, BodyFraming framing);
  void append_chunk_size(std::size_t size);
  Async<Stream::State> write_piece(std::string_view piece, BodyFraming framing);
  void account();
  void clear();

  std::string_view gathered() const { return {out_.get(), used_}; }
  std::size_t room() const { return capacity_of(out_) - used_; }
  char* extend(std::size_t bytes);

  Stream& stream_;
  Buffer out_;
  std::size_t used_ = 0;
  bool started_ = false;
  std::optional<Pace> pace_;  // of the message that is being sent
  std::size_t written_ = 0;   // not yet accounted for
  std::size_t unshared_ = 0;  // written since others had a turn
};

}  // namespace hubward::http
