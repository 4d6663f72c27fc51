// SPDX-License-Identifier: Apache-2.0
// Which bytes may stand where in an HTTP message (RFC 9110 section 5, RFC 9112). Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "core/ascii.hpp"

namespace hubward::http {

// One bit per question, so that a byte is judged by one look at a table.
struct ByteClass {
  static constexpr std::uint8_t token = 1;   // tchar (RFC 9110 section 5.6.2)
  static constexpr std::uint8_t target = 2;  // may stand in a request target as it is
  static constexpr std::uint8_t value = 4;   // visible ASCII, space and tab
  static constexpr std::uint8_t opaque = 8;  // obs-text: 0x80 and above
  static constexpr std::uint8_t hexadecimal = 16;
};

constexpr std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    bool plain = is_alpha(c) || is_digit(c);
    std::uint8_t found = 0;
    if (plain || (byte != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(c))) found |= ByteClass::token;
    // Not '#', and none of the bytes that some readers take for a slash or a quote: \ " < >
    if (byte > ' ' && byte < 0x7f && !std::string_view("#\\\"<>").contains(c)) found |= ByteClass::target;
    if ((byte >= ' ' && byte < 0x7f) || c == '\t') found |= ByteClass::value;
    if (byte >= 0x80) found |= ByteClass::opaque;
    if (is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f')) found |= ByteClass::hexadecimal;
    classes[static_cast<std::size_t>(byte)] = found;
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> byte_classes = make_byte_classes();

constexpr bool is(std::uint8_t wanted, char c) {
  return (byte_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool all(std::uint8_t wanted, std::string_view text) {
  return std::ranges::all_of(text, [wanted](char c) { return is(wanted, c); });
}

// How many bytes from the start on may stand in a token: in a header line, its field's name.
constexpr std::size_t token_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is(ByteClass::token, text[at])) ++at;
  return at;
}
constexpr bool is_token(std::string_view text) {
  return !text.empty() && token_length(text) == text.size();
}

// How many bytes from the start on may stand in a field's value (ByteClass::value and opaque): in a whole
// line, up to its end. Values are most of a head, so these look at many bytes at a time.
std::size_t value_length(std::string_view text);
inline bool is_field_value(std::string_view text) {
  return value_length(text) == text.size();
}
// Whether any byte is opaque.
bool holds_opaque(std::string_view text);
inline bool is_plain_value(std::string_view text) {
  return is_field_value(text) && !holds_opaque(text);
}

}  // namespace hubward::http
