// SPDX-License-Identifier: Apache-2.0
// A request head is never read in two ways: however its bytes are cut, the reading is the same; and what is
// read, written again plainly, is read as the same once more.
//
// aims at: src/http/head_parser.cpp but read_status_line read_response_head
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "http/head_parser.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

constexpr HeadLimits limits{.bytes = 4096, .fields = 30, .target_bytes = 1024};

struct Reading {
  int refused = 0;
  std::size_t size = 0;
  std::string text;
  bool operator==(const Reading&) const = default;
};

std::string written(const RequestHead& head) {
  std::string text = std::string(head.method) + " " + std::string(head.target) + " HTTP/1.1\r\n";
  for (std::size_t i = 0; i < head.fields.size(); ++i)
    text += std::string(head.fields[i].name) + ": " + std::string(head.fields[i].value) + "\r\n";
  if (head.framing.chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.framing.content_length)
    text += "Content-Length: " + std::to_string(*head.framing.content_length) + "\r\n";
  if (!head.keep_alive) text += "Connection: close\r\n";
  if (head.expects_continue) text += "Expect: 100-continue\r\n";
  return text + "\r\n";
}

// `first` bytes come first, then the rest in pieces of `piece`.
Reading read(std::string_view bytes, std::size_t first, std::size_t piece) {
  HeadScan scan;
  for (std::size_t cut = first;; cut = std::min(bytes.size(), cut + piece)) {
    auto found = scan.scan(bytes.substr(0, cut), limits);
    if (!found) return {found.error().status, 0, ""};
    if (*found) {
      auto head = read_request_head(bytes.substr(0, **found), limits);
      if (!head) return {head.error().status, 0, ""};
      return {0, **found, written(*head)};
    }
    if (cut == bytes.size()) return {-1, 0, ""};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t cut = data[0] % (bytes.size() + 1);
  Reading whole = read(bytes, bytes.size(), 1);
  invariant(read(bytes, cut, bytes.size()) == whole, "a head cut in two is read as the whole");
  invariant(read(bytes, 0, 1) == whole, "a head that comes byte by byte is read as the whole");
  if (whole.size == 0 || whole.text.size() > limits.bytes) return 0;
  Reading again = read(whole.text, whole.text.size(), 1);
  invariant(again.size == whole.text.size() && again.text == whole.text,
            "what is written again is read the same");
  return 0;
}
