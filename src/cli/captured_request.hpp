// SPDX-License-Identifier: Apache-2.0
// A request that somebody wrote down: request line, fields, an empty line and the body's bytes, as a proxy, a
// packet capture or a person leaves them. Lenient where that changes no byte of the body, since it is read to
// be explained and never to be acted on. Pure; a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace hubward::cli {

constexpr std::size_t max_captured_bytes = std::size_t{32} * 1024 * 1024;

struct CapturedRequest {
  std::string method;
  std::string target;  // a path with its query, or a whole URL
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::vector<std::string> notes;  // what was odd about it

  // The first of that name; empty when there is none.
  std::string_view field(std::string_view name) const;
};

// Line ends are CR LF or LF. A body is cut to its Content-Length and freed of chunked framing.
Result<CapturedRequest> read_captured(std::string_view text);

// "Name: value", as curl takes it.
std::optional<std::pair<std::string, std::string>> read_field(std::string_view line);

}  // namespace hubward::cli
