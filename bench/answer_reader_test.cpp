// SPDX-License-Identifier: Apache-2.0
#include "bench/answer_reader.hpp"

#include <doctest/doctest.h>

namespace hubward::bench {
namespace {

using State = AnswerReader::State;

// Fed in pieces of every size, an answer reads the same.
void check_whole(std::string_view answer, int status, std::uint64_t body_bytes) {
  for (std::size_t piece = 1; piece <= answer.size(); ++piece) {
    CAPTURE(piece);
    AnswerReader reader;
    for (std::size_t at = 0; at < answer.size(); at += piece) {
      REQUIRE(reader.state() == State::Reading);
      reader.feed(answer.substr(at, piece));
    }
    CHECK(reader.state() == State::Whole);
    CHECK(reader.status() == status);
    CHECK(reader.body_bytes() == body_bytes);
  }
}

State state_after(std::string_view bytes) {
  AnswerReader reader;
  return reader.feed(bytes);
}

}  // namespace

TEST_CASE("an answer ends where its length says") {
  check_whole("HTTP/1.1 200 OK\r\nContent-Type: x\r\ncontent-length: 5\r\n\r\nhello", 200, 5);
  check_whole("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, 0);
  check_whole("HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", 204, 0);
}

TEST_CASE("a chunked answer ends after its last chunk") {
  check_whole(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", 200,
      15);
  check_whole("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 200, 0);
}

TEST_CASE("what is no answer is called broken") {
  CHECK(state_after("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\n\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab") == State::Reading);
  CHECK(state_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n") == State::Broken);
  CHECK(state_after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab") == State::Broken);
}

TEST_CASE("a server that will close says so") {
  AnswerReader reader;
  reader.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na");
  CHECK(reader.state() == State::Whole);
  CHECK(reader.closes());
}

}  // namespace hubward::bench
