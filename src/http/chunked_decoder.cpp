// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_decoder.hpp"

#include <algorithm>

#include "http/grammar.hpp"

namespace hubward::http {

namespace {

constexpr int most_size_digits = 8;

std::uint64_t digit_value(char c) {
  return static_cast<std::uint64_t>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
}

std::unexpected<Refusal> malformed() {
  return std::unexpected(
      Refusal{400, "BAD_REQUEST", "the chunked body is malformed, or has chunk extensions or trailers"});
}

}  // namespace

// One byte between the payloads; false when it must not stand there.
bool ChunkedDecoder::read_framing(char c) {
  switch (state_) {
    case State::FirstDigit:
    case State::Digits:
      if (is(ByteClass::hexadecimal, c)) {
        left_ = left_ * 16 + digit_value(c);
        state_ = State::Digits;
        return ++digits_ <= most_size_digits;
      }
      if (state_ == State::FirstDigit || c != '\r') return false;
      state_ = State::SizeLineFeed;
      return true;
    case State::SizeLineFeed:
      digits_ = 0;
      state_ = left_ > 0 ? State::Data : State::LastReturn;
      return c == '\n';
    case State::DataReturn: state_ = State::DataLineFeed; return c == '\r';
    case State::DataLineFeed: state_ = State::FirstDigit; return c == '\n';
    case State::LastReturn: state_ = State::LastLineFeed; return c == '\r';
    case State::LastLineFeed: state_ = State::Done; return c == '\n';
    case State::Data:
    case State::Done: break;
  }
  return false;
}

std::expected<ChunkedDecoder::Step, Refusal> ChunkedDecoder::decode(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && !done()) {
    if (state_ == State::Data) {
      if (!step.data.empty()) return step;
      std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed));
      step.data = input.substr(step.consumed, size);
      step.consumed += size;
      left_ -= size;
      if (left_ == 0) state_ = State::DataReturn;
      continue;
    }
    // What frames the next piece is taken with this one, so that bytes left over are data; what is wrong with
    // it is said when it is its turn.
    ChunkedDecoder before = *this;
    if (!read_framing(input[step.consumed])) {
      if (step.data.empty()) return malformed();
      *this = before;
      return step;
    }
    ++step.consumed;
  }
  return step;
}

}  // namespace hubward::http
