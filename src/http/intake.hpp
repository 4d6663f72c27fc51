// SPDX-License-Identifier: Apache-2.0
// What arrives on one connection: heads, and bodies taken out of their framing, from one buffer that is used
// again and again. What has been read is wiped: an Authorization or a token may have been in it. Belongs to
// one connection; for http/ only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "http/buffer.hpp"
#include "http/chunked_decoder.hpp"
#include "http/head_parser.hpp"
#include "http/stream.hpp"

namespace hubward::http {

class Intake {
 public:
  // One read at most; large enough that a TLS record fits whole.
  static constexpr std::size_t usual_size = usual_buffer;

  explicit Intake(Stream& stream) : stream_(stream) {}
  ~Intake();
  const Stream& stream() const { return stream_; }
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // What a peer that has to be waited for costs meanwhile: all buffers, or only what was not read yet, and
  // some time for each wait.
  enum class Waiting { KeepsBuffers, KeepsBytes };
  void set_waiting(Waiting waiting) { waiting_ = waiting; }

  // Until there is a byte that has not been read.
  Async<Stream::State> wait_for_bytes(Deadline deadline);
  // Gives the buffer back when nothing unread is in it.
  void release();

  struct Head {
    Stream::State state = Stream::State::Ok;
    std::optional<Refusal> refusal;
    std::string_view text;  // until drop_head()
  };
  Async<Head> read_head(HeadLimits limits, Deadline deadline);
  // The same, of what has arrived already: whether a head is there whole, which head() then has.
  std::expected<bool, Refusal> has_head(HeadScan& scan, const HeadLimits& limits);
  std::string_view head() const { return unread().substr(0, head_size_); }
  void drop_head();

  // How the body that follows ends.
  void begin_body(const Framing& framing);
  void begin_body_until_close();
  struct Piece {
    Stream::State state = Stream::State::Ok;
    std::optional<Refusal> refusal;
    std::string_view data;  // until the next call; empty at the end
  };
  Async<Piece> next_piece(Deadline deadline);
  // The same, of what has arrived already.
  std::optional<Piece> next_piece_now();
  bool body_done() const { return body_ == BodyKind::None; }
  // Whether next_piece() will answer without waiting.
  bool piece_ready() const { return body_done() || !unread().empty(); }
  // Bytes of a body of known length that are still to come.
  std::optional<std::uint64_t> body_left() const;
  bool empty() const { return unread().empty(); }
  // What has arrived and was not taken.
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // Takes in what can be had without waiting; whether there was anything.
  bool fill_at_once(std::size_t capacity);
  // Wipes what has been read, the last piece too.
  void settle() { wipe_consumed(); }

 private:
  enum class BodyKind { None, Counted, Chunked, UntilClose };

  Async<Stream::State> fill(std::size_t capacity, Deadline deadline);
  Async<Stream::State> wait_and_fill(Deadline deadline);
  Async<Piece> read_piece(Deadline deadline);
  std::span<char> make_room(std::size_t capacity);
  void move_to_buffer_of(std::size_t capacity);
  void keep_only_bytes();
  void consume(std::size_t size) { begin_ += size; }
  void wipe_consumed();
  std::optional<Piece> take_piece();

  Stream& stream_;
  Waiting waiting_ = Waiting::KeepsBuffers;
  Buffer buffer_;
  std::size_t wiped_ = 0;  // <= begin_ <= end_ <= its capacity
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t head_size_ = 0;
  BodyKind body_ = BodyKind::None;
  std::uint64_t left_ = 0;
  ChunkedDecoder chunks_;
};

}  // namespace hubward::http
