// SPDX-License-Identifier: Apache-2.0
// Finds the end of one HTTP/1.1 answer in the bytes that arrive, and its status; keeps no body. Reads what a
// well-behaved server sends and calls anything else broken: it measures, it does not judge. A value; one
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hubward::bench {

class AnswerReader {
 public:
  enum class State { Reading, Whole, Broken };

  State feed(std::string_view bytes);
  State state() const { return state_; }
  int status() const { return status_; }
  bool begun() const { return begun_; }
  // The server said that it closes the connection after this answer.
  bool closes() const { return closes_; }
  std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class Part { Head, Length, ChunkSize, Chunk, ChunkEnd, Trailer };
  std::size_t take_head(std::string_view bytes);
  std::size_t take_line(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  void read_head();
  void read_line();

  State state_ = State::Reading;
  Part part_ = Part::Head;
  bool begun_ = false, closes_ = false;
  int status_ = 0;
  std::string kept_;  // of the head, or of a line between chunks
  std::uint64_t left_ = 0, body_bytes_ = 0;
};

}  // namespace hubward::bench
