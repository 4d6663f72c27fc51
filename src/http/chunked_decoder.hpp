// SPDX-License-Identifier: Apache-2.0
// Takes the chunked framing off a body (RFC 9112 section 7.1), piece by piece. Refuses chunk extensions,
// trailers, spaces around the size and sizes of more than eight digits: nobody we speak with needs them, and
// readers differ on them. Pure; a value that belongs to one body.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "http/head_parser.hpp"

namespace hubward::http {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes to take off the front of the input
    std::string_view data;     // the payload among them, at their end; may be empty
  };

  // Reads on until there is payload, the body ends or the input does. Call again with what follows.
  std::expected<Step, Refusal> decode(std::string_view input);
  bool done() const { return state_ == State::Done; }

 private:
  enum class State {
    FirstDigit,
    Digits,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    LastReturn,
    LastLineFeed,
    Done
  };
  bool read_framing(char c);

  State state_ = State::FirstDigit;
  int digits_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace hubward::http
