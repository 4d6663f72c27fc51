// SPDX-License-Identifier: Apache-2.0
// A chunked body gives the same bytes however it is cut, and never more than came.
//
// aims at: src/http/chunked_decoder.cpp
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "http/chunked_decoder.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

struct Reading {
  bool refused = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string data;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view bytes, std::size_t first, std::size_t piece) {
  ChunkedDecoder decoder;
  Reading reading;
  for (std::size_t cut = first;; cut = std::min(bytes.size(), cut + piece)) {
    while (reading.consumed < cut && !decoder.done()) {
      auto step = decoder.decode(bytes.substr(reading.consumed, cut - reading.consumed));
      if (!step) return {.refused = true, .data = reading.data};
      invariant(step->consumed > 0 && step->data.size() <= step->consumed, "decoding goes on");
      reading.consumed += step->consumed;
      reading.data += step->data;
    }
    if (decoder.done() || cut == bytes.size()) break;
  }
  reading.done = decoder.done();
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t cut = data[0] % (bytes.size() + 1);
  Reading whole = read(bytes, bytes.size(), 1);
  invariant(read(bytes, cut, bytes.size()) == whole, "a body cut in two is read as the whole");
  invariant(read(bytes, 0, 1) == whole, "a body that comes byte by byte is read as the whole");
  return 0;
}
