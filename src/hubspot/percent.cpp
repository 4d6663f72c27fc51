// SPDX-License-Identifier: Apache-2.0
#include "hubspot/percent.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/ascii.hpp"

namespace hubward::hubspot {

namespace {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  char low = to_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// The value of the escape at `at`, or -1.
int escape_at(std::string_view text, std::size_t at) {
  if (text.size() - at < 3 || text[at] != '%') return -1;
  int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// How many bytes the well-formed character at the front has; 0 when it is not one (Unicode table 3-7).
std::size_t character_length(std::string_view text) {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_continuation(static_cast<unsigned char>(second))) return 0;
  if (first < 0xE0) return 2;
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if (!is_continuation(static_cast<unsigned char>(at(2)))) return 0;
  if (first < 0xF0) return 3;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return is_continuation(static_cast<unsigned char>(at(3))) ? 4 : 0;
}

}  // namespace

bool append_decoded(std::string_view text, std::string& out) {
  constexpr std::size_t escape_length = 3;
  for (;;) {
    std::size_t escape = text.find('%');
    out.append(text.substr(0, escape));
    if (escape == std::string_view::npos) return true;
    int value = escape_at(text, escape);
    if (value < 0) return false;
    out.push_back(static_cast<char>(value));
    text.remove_prefix(escape + escape_length);
  }
}

void append_encoded(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

bool has_escape(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (escape_at(text, at) >= 0) return true;
  }
  return false;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: eight characters at once, none of which has its highest bit set.
    std::uint64_t eight = 0;
    while (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080'8080'8080'8080) != 0) break;
      text.remove_prefix(sizeof eight);
    }
    if (text.empty()) break;
    std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace hubward::hubspot
