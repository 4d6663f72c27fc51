// SPDX-License-Identifier: Apache-2.0
#include "http/message_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/invariant.hpp"
#include "http/name_set.hpp"

namespace hubward::http {

namespace {

// What does not fit behind what is gathered is written from where it is, so much at a time.
constexpr std::size_t slice_size = 16 * 1024;
// Behind a head there is room for a small body at least.
constexpr std::size_t gather_size = 4 * 1024;
// A long message to a fast reader leaves everybody else a turn after this.
constexpr std::size_t fair_share = 256 * 1024;
// A chunk's size in hexadecimal, the line ends around it and the last chunk.
constexpr std::size_t chunk_overhead = 32;

constexpr NameSet of_the_connection{"connection", "keep-alive", "proxy-connection",  "te",
                                    "trailer",    "upgrade",    "transfer-encoding", "content-length"};

Error wrong_length() {
  return {"BODY_LENGTH", Fault::Us, Retry::Never, "a body was not as long as its length said"};
}

// Writes that need not wait notice no deadline: a body that trickles would hold its connection without end.
Error too_slow() {
  return {"BODY_TIMEOUT", Fault::Caller, Retry::Never, "the body came too slowly to be sent on in time"};
}

}  // namespace

void MessageWriter::begin(std::size_t head_size) {
  clear();
  started_ = false;
  std::size_t size = std::max(usual_buffer, head_size + gather_size + chunk_overhead);
  if (capacity_of(out_) < size) out_ = take_buffer(size);
}

// Room for so many more bytes.
char* MessageWriter::extend(std::size_t bytes) {
  invariant(bytes <= room(), "a head fits into the room made for it");
  return out_.get() + std::exchange(used_, used_ + bytes);
}

void MessageWriter::append(std::string_view text) {
  std::ranges::copy(text, extend(text.size()));
}

void MessageWriter::append_field(std::string_view name, std::string_view value) {
  constexpr std::string_view between = ": ", end = "\r\n";
  char* to = extend(name.size() + between.size() + value.size() + end.size());
  for (std::string_view part : {name, between, value, end}) to = std::ranges::copy(part, to).out;
}

void MessageWriter::append_fields(const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Fields::Field field = fields[i];
    if (!of_the_connection.has(field.name)) append_field(field.name, field.value);
  }
}

std::size_t MessageWriter::size_of(const Fields& fields) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) size += fields[i].name.size() + fields[i].value.size() + 4;
  return size;
}

void MessageWriter::clear() {
  wipe(std::span<char>(out_.get(), std::exchange(used_, 0)));
}

// After a write that others follow: what it took the reader, and how much went over.
void MessageWriter::account() {
  if (written_ == 0) return;
  pace_->patience.moved(written_);
  unshared_ += std::exchange(written_, 0);
}

Async<Stream::State> MessageWriter::flush() {
  if (used_ == 0) co_return Stream::State::Ok;
  started_ = true;
  Stream::State state = co_await stream_.write(gathered(), pace_->begin());
  written_ += used_;
  clear();
  co_return state;
}

// Whether it fits behind what is gathered.
bool MessageWriter::gathers(std::string_view piece, BodyFraming framing) {
  if (piece.size() + 2 * chunk_overhead > room()) return false;
  if (framing == BodyFraming::Chunked) append_chunk_size(piece.size());
  append(piece);
  if (framing == BodyFraming::Chunked) append("\r\n");
  return true;
}

void MessageWriter::append_chunk_size(std::size_t size) {
  std::array<char, 16> digits{};
  auto [end, trouble] = std::to_chars(digits.begin(), digits.end(), size, 16);
  append({digits.begin(), end});
  append("\r\n");
}

// In slices, so that a slow reader shows what it takes.
Async<Stream::State> MessageWriter::write_piece(std::string_view piece, BodyFraming framing) {
  if (framing == BodyFraming::Chunked) append_chunk_size(piece.size());
  Stream::State state = co_await flush();
  while (state == Stream::State::Ok && !piece.empty()) {
    account();
    std::string_view slice = piece.substr(0, slice_size);
    state = co_await stream_.write(slice, pace_->begin());
    written_ += slice.size();
    piece.remove_prefix(slice.size());
  }
  if (state != Stream::State::Ok) co_return state;
  if (framing == BodyFraming::Chunked) append("\r\n");
  co_return Stream::State::Ok;
}

Async<MessageWriter::Outcome> MessageWriter::send(Body* body, BodyFraming framing, Pace pace) {
  append("\r\n");
  pace_.emplace(pace);
  written_ = unshared_ = 0;
  std::uint64_t left = framing == BodyFraming::Counted ? body->length().value_or(0) : 0;
  bool more = framing == BodyFraming::Chunked || left > 0;
  while (more) {
    account();
    if (unshared_ >= fair_share) {
      unshared_ = 0;
      co_await yield();
    }
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return Outcome{Stream::State::Ok, piece.error(), started_};
    if (pace_->over()) co_return Outcome{Stream::State::Ok, too_slow(), started_};
    if (framing == BodyFraming::Counted) {
      if (piece->empty() || piece->size() > left)
        co_return Outcome{Stream::State::Ok, wrong_length(), started_};
      left -= piece->size();
      more = left > 0;
    } else {
      more = !piece->empty();
    }
    Stream::State state = Stream::State::Ok;
    if (!gathers(*piece, framing)) state = co_await write_piece(*piece, framing);
    if (state == Stream::State::Ok && more && !body->ready()) state = co_await flush();
    if (state != Stream::State::Ok) co_return Outcome{state, std::nullopt, started_};
  }
  Stream::State state = co_await flush();
  co_return Outcome{state, std::nullopt, started_};
}

}  // namespace hubward::http
