// SPDX-License-Identifier: Apache-2.0
// Hex, base64 and percent-encoding have one spelling for each value: what is encoded decodes to the same
// bytes, and what decodes is encoded as it came. Percent-decoding and UTF-8 agree with plain readers of their
// own.
//
// aims at: src/core/encoding.cpp
// aims at: src/hubspot/percent.cpp
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "hubspot/percent.hpp"

using namespace hubward;

namespace {

void check_bytes(std::span<const std::byte> bytes) {
  Bytes same(bytes.begin(), bytes.end());
  invariant(from_hex(to_hex(bytes)) == same, "hex comes back");
  invariant(from_base64(to_base64(bytes)) == same, "base64 comes back");
  invariant(from_base64url(to_base64url(bytes)) == same, "base64url comes back");
  std::string encoded, decoded;
  hubspot::append_encoded(text_of(bytes), encoded);
  invariant(hubspot::append_decoded(encoded, decoded) && decoded == text_of(bytes),
            "percent-encoding comes back");
}

void check_text(std::string_view text) {
  if (auto bytes = from_hex(text))
    invariant(to_hex(*bytes) == lower(text), "hex has one spelling but for case");
  if (auto bytes = from_base64(text)) invariant(to_base64(*bytes) == text, "base64 has one spelling");
  if (auto bytes = from_base64url(text))
    invariant(to_base64url(*bytes) == text, "base64url has one spelling");
}

// As RFC 3986 section 2.1 has it, read by the book.
std::optional<std::string> plainly_decoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    std::size_t high = digits.find(to_lower(text[i + 1])), low = digits.find(to_lower(text[i + 2]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    result.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return result;
}

// The code point at the front and its length, by RFC 3629's bit patterns and then its prohibitions.
bool plainly_utf8(std::string_view text) {
  while (!text.empty()) {
    unsigned first = static_cast<unsigned char>(text[0]);
    std::size_t length = first < 0x80       ? 1
                         : first >> 5 == 6  ? 2
                         : first >> 4 == 14 ? 3
                         : first >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || text.size() < length) return false;
    unsigned point = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      unsigned next = static_cast<unsigned char>(text[i]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3F);
    }
    constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_bytes(bytes_of(text));
  check_text(text);
  std::string decoded;
  bool could = hubspot::append_decoded(text, decoded);
  std::optional<std::string> plainly = plainly_decoded(text);
  invariant(could == plainly.has_value() && (!could || decoded == *plainly), "escapes are read by the book");
  invariant(hubspot::is_utf8(text) == plainly_utf8(text), "UTF-8 is judged by the book");
  if (could && !hubspot::has_escape(text)) invariant(decoded == text, "without escapes nothing changes");
  return 0;
}
