// SPDX-License-Identifier: Apache-2.0
#include "http/intake.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "async/await.hpp"
#include "core/secret.hpp"

namespace hubward::http {

Intake::~Intake() {
  wipe(std::span<char>(buffer_.get() + wiped_, end_ - wiped_));
}

void Intake::wipe_consumed() {
  wipe(std::span<char>(buffer_.get() + wiped_, begin_ - wiped_));
  wiped_ = begin_;
  if (begin_ == end_) wiped_ = begin_ = end_ = 0;
}

// Behind what is unread; at least one byte.
std::span<char> Intake::make_room(std::size_t capacity) {
  wipe_consumed();
  if (end_ == capacity_of(buffer_) && begin_ > 0) {  // what is unread moves to the front
    std::size_t size = end_ - begin_;
    std::memmove(buffer_.get(), buffer_.get() + begin_, size);
    wipe(std::span<char>(buffer_.get() + size, end_ - size));
    wiped_ = begin_ = 0;
    end_ = size;
  } else if (end_ == capacity_of(buffer_)) {
    move_to_buffer_of(std::max(std::min(2 * capacity_of(buffer_), capacity), usual_size));
  }
  return {buffer_.get() + end_, capacity_of(buffer_) - end_};
}

bool Intake::fill_at_once(std::size_t capacity) {
  std::optional<Stream::Read> read = stream_.read_at_once(make_room(capacity));
  if (!read) return false;
  end_ += read->size;
  return read->size > 0;
}

// At least as large as what is unread, which moves to its front.
void Intake::move_to_buffer_of(std::size_t capacity) {
  std::size_t size = end_ - begin_;
  Buffer replacement = take_buffer(capacity);
  if (size > 0) std::memcpy(replacement.get(), buffer_.get() + begin_, size);
  wipe(std::span<char>(buffer_.get() + wiped_, end_ - wiped_));
  buffer_ = std::move(replacement);
  wiped_ = begin_ = 0;
  end_ = size;
}

void Intake::keep_only_bytes() {
  stream_.release();
  if (empty())
    release();
  else
    move_to_buffer_of(end_ - begin_);
}

Async<Stream::State> Intake::fill(std::size_t capacity, Deadline deadline) {
  while (waiting_ == Waiting::KeepsBytes) {
    if (!stream_.has_more()) {
      keep_only_bytes();
      Stream::State waited = co_await stream_.wait_for_bytes(deadline);
      if (waited != Stream::State::Ok) co_return waited;
    }
    std::optional<Stream::Read> read = stream_.read_at_once(make_room(capacity));
    if (read) {
      end_ += read->size;
      co_return read->state;
    }
    if (stream_.has_more()) break;  // TLS has something to write first; else what came is part of a record
  }
  Stream::Read read = co_await stream_.read(make_room(capacity), deadline);
  end_ += read.size;
  co_return read.state;
}

Async<Stream::State> Intake::wait_for_bytes(Deadline deadline) {
  return empty() ? wait_and_fill(deadline) : Async<Stream::State>::already(Stream::State::Ok);
}

Async<Stream::State> Intake::wait_and_fill(Deadline deadline) {
  Stream::State state = co_await stream_.wait_for_bytes(deadline);
  if (state == Stream::State::Ok) state = co_await fill(usual_size, deadline);
  co_return state;
}

void Intake::release() {
  wipe_consumed();
  if (!empty()) return;
  buffer_.reset();
}

std::expected<bool, Refusal> Intake::has_head(HeadScan& scan, const HeadLimits& limits) {
  std::expected<std::optional<std::size_t>, Refusal> found = scan.scan(unread(), limits);
  if (!found) return std::unexpected(found.error());
  head_size_ = found->value_or(0);
  return found->has_value();
}

Async<Intake::Head> Intake::read_head(HeadLimits limits, Deadline deadline) {
  HeadScan scan;
  for (;;) {
    std::expected<bool, Refusal> found = has_head(scan, limits);
    if (!found) co_return Head{Stream::State::Ok, found.error(), {}};
    if (*found) co_return Head{Stream::State::Ok, std::nullopt, head()};
    Stream::State state = co_await fill(std::max(limits.bytes, usual_size), deadline);
    if (state != Stream::State::Ok) co_return Head{state, std::nullopt, {}};
  }
}

void Intake::drop_head() {
  consume(std::exchange(head_size_, 0));
  wipe_consumed();
}

void Intake::begin_body(const Framing& framing) {
  left_ = framing.content_length.value_or(0);
  body_ = framing.chunked ? BodyKind::Chunked : left_ > 0 ? BodyKind::Counted : BodyKind::None;
  chunks_ = ChunkedDecoder();
}

void Intake::begin_body_until_close() {
  body_ = BodyKind::UntilClose;
}

std::optional<std::uint64_t> Intake::body_left() const {
  if (body_ == BodyKind::None) return 0;
  if (body_ == BodyKind::Counted) return left_;
  return std::nullopt;
}

// A piece of what is there, or the end; nothing when more must be read first.
std::optional<Intake::Piece> Intake::take_piece() {
  if (body_ == BodyKind::None) return Piece{};
  if (empty()) return std::nullopt;
  if (body_ == BodyKind::Chunked) {
    std::expected<ChunkedDecoder::Step, Refusal> step = chunks_.decode(unread());
    if (!step) return Piece{Stream::State::Ok, step.error(), {}};
    consume(step->consumed);
    if (chunks_.done()) body_ = BodyKind::None;
    if (step->data.empty() && !chunks_.done()) return std::nullopt;
    return Piece{Stream::State::Ok, std::nullopt, step->data};
  }
  std::string_view data = unread();
  if (body_ == BodyKind::Counted) {
    data = data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size())));
    left_ -= data.size();
    if (left_ == 0) body_ = BodyKind::None;
  }
  consume(data.size());
  return Piece{Stream::State::Ok, std::nullopt, data};
}

std::optional<Intake::Piece> Intake::next_piece_now() {
  wipe_consumed();  // the piece before
  return take_piece();
}

Async<Intake::Piece> Intake::next_piece(Deadline deadline) {
  std::optional<Piece> piece = next_piece_now();
  return piece ? Async<Piece>::already(*piece) : read_piece(deadline);
}

Async<Intake::Piece> Intake::read_piece(Deadline deadline) {
  for (;;) {
    std::optional<Piece> piece = take_piece();
    if (piece) co_return *piece;
    Stream::State state = co_await fill(usual_size, deadline);
    if (state == Stream::State::Closed && body_ == BodyKind::UntilClose) {
      body_ = BodyKind::None;
      co_return Piece{};
    }
    if (state != Stream::State::Ok) co_return Piece{state, std::nullopt, {}};
  }
}

}  // namespace hubward::http
