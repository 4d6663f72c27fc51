// SPDX-License-Identifier: Apache-2.0
#include "telemetry/escape.hpp"

#include <fmt/core.h>

#include <cstdint>

namespace hubward::telemetry {

namespace {

// The character at the beginning of `text` and how many bytes it takes; no bytes: no UTF-8 (RFC 3629).
struct Character {
  std::uint32_t code = 0xfffd;
  std::size_t size = 0;
};

Character first_character(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  std::uint32_t code = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, size};
}

bool must_escape(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfffd;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string line = "\"";
  while (!text.empty()) {
    Character next = first_character(text);
    if (next.code == '"' || next.code == '\\')
      line.append({'\\', text.front()});
    else if (must_escape(next.code))
      line += fmt::format("\\u{:04x}", next.code);
    else
      line += text.substr(0, next.size);
    text.remove_prefix(next.size > 0 ? next.size : 1);
  }
  return line + '"';
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    Character next = first_character(text);
    if (must_escape(next.code))
      line += '?';
    else
      line += text.substr(0, next.size);
    text.remove_prefix(next.size > 0 ? next.size : 1);
  }
  return line;
}

}  // namespace hubward::telemetry
