// SPDX-License-Identifier: Apache-2.0
// An answer's head is read the same however its bytes are cut, and what is read holds no byte that could
// start another line.
//
// aims at: src/http/head_parser.cpp but read_request_line read_request_head check_method check_target is_host
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "core/invariant.hpp"
#include "http/grammar.hpp"
#include "http/head_parser.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

constexpr HeadLimits limits{.bytes = 4096, .fields = 30, .target_bytes = 1024};

struct Reading {
  int refused = 0;
  std::size_t size = 0;
  int status = 0;
  std::size_t fields = 0;
  bool keep_alive = false;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view bytes, std::size_t first, std::size_t piece) {
  HeadScan scan;
  for (std::size_t cut = first;; cut = std::min(bytes.size(), cut + piece)) {
    auto found = scan.scan(bytes.substr(0, cut), limits);
    if (!found) return {.refused = found.error().status};
    if (*found) {
      auto head = read_response_head(bytes.substr(0, **found), limits);
      if (!head) return {.refused = head.error().status};
      invariant(head->status >= 100 && head->status <= 599, "a status is in its range");
      invariant(!head->framing.chunked || !head->framing.content_length, "a body has one framing");
      for (std::size_t i = 0; i < head->fields.size(); ++i)
        invariant(is_token(head->fields[i].name) && is_field_value(head->fields[i].value),
                  "a field is safe to write");
      return {.size = **found,
              .status = head->status,
              .fields = head->fields.size(),
              .keep_alive = head->keep_alive};
    }
    if (cut == bytes.size()) return {.refused = -1};
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
  return 0;
}
