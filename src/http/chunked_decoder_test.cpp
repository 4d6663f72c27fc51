// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::http;

namespace {

struct Reading {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool refused = false;
  bool operator==(const Reading&) const = default;
};

// Decodes the pieces that the cuts make, as they would come off a connection.
Reading read_pieces(std::string_view bytes, std::vector<std::size_t> cuts) {
  ChunkedDecoder decoder;
  Reading reading;
  cuts.push_back(bytes.size());
  for (std::size_t cut : cuts) {
    while (reading.consumed < cut && !decoder.done()) {
      auto step = decoder.decode(bytes.substr(reading.consumed, cut - reading.consumed));
      if (!step) {
        reading.refused = true;
        reading.consumed = 0;  // how far a refused body was read says nothing
        return reading;
      }
      reading.consumed += step->consumed;
      reading.data += step->data;
    }
  }
  reading.done = decoder.done();
  return reading;
}

const std::vector<std::string>& refused_bodies() {
  static const std::vector<std::string> bodies = {
      "\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n",
      "5\r\nhello\r\n0\r\n\n",
      "5\r\nhello\r\n0\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello!\r\n0\r\n\r\n",
      "5;a=b\r\nhello\r\n0\r\n\r\n",
      "5;\r\nhello\r\n0\r\n\r\n",
      "5 \r\nhello\r\n0\r\n\r\n",
      " 5\r\nhello\r\n0\r\n\r\n",
      "+5\r\nhello\r\n0\r\n\r\n",
      "-5\r\nhello\r\n0\r\n\r\n",
      "0x5\r\nhello\r\n0\r\n\r\n",
      "g\r\nhello\r\n0\r\n\r\n",
      ",\r\n",
      "000000005\r\nhello\r\n0\r\n\r\n",
      "100000000\r\n",
      "ffffffffffffffff5\r\nhello",
      "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
      "5\r\nhello\r\n0;a\r\n\r\n",
      "5\r\nhello\r\n\r\n0\r\n\r\n",
      "hello",
  };
  return bodies;
}

}  // namespace

TEST_CASE("chunks are put together, and what follows them is left alone") {
  Reading reading = read_pieces("5\r\nhello\r\nA\r\n, world...\r\n1\r\n!\r\n0\r\n\r\nGET /", {});
  CHECK(reading.data == "hello, world...!");
  CHECK(reading.done);
  CHECK(reading.consumed == 36);
  CHECK(read_pieces("0\r\n\r\n", {}).done);
  CHECK(read_pieces("000\r\n\r\n", {}).done);
  CHECK(read_pieces("00000001\r\nx\r\n0\r\n\r\n", {}).data == "x");
  CHECK(read_pieces("aF\r\n" + std::string(0xaf, 'x') + "\r\n0\r\n\r\n", {}).data.size() == 0xaf);
  CHECK_FALSE(read_pieces("5\r\nhello\r\n0\r\n\r", {}).done);
}

TEST_CASE("a chunked body that could be read in two ways is refused") {
  for (const std::string& body : refused_bodies()) {
    CAPTURE(body);
    CHECK(read_pieces(body, {}).refused);
  }
}

TEST_CASE("how a chunked body arrives changes nothing in how it is read") {
  std::vector<std::string> bodies = refused_bodies();
  bodies.push_back("5\r\nhello\r\nb\r\n, and world!\r\n0\r\n\r\nmore");
  for (const std::string& body : bodies) {
    CAPTURE(body);
    Reading whole = read_pieces(body, {});
    std::vector<std::size_t> every_byte;
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      CHECK(read_pieces(body, {cut}) == whole);
      every_byte.push_back(cut);
    }
    CHECK(read_pieces(body, every_byte) == whole);
  }
}
