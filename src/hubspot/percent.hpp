// SPDX-License-Identifier: Apache-2.0
// Percent-encoding of paths and queries (RFC 3986 section 2), strictly. Pure; any thread. Used by path and
// query.
#pragma once

#include <string>
#include <string_view>

#include "core/ascii.hpp"

namespace hubward::hubspot {

// Letters, digits, '-', '.', '_', '~': never encoded.
inline bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Appends `text` decoded once; nothing when an escape is broken. `out` may then hold a part.
bool append_decoded(std::string_view text, std::string& out);
// Appends `text`, everything but unreserved bytes as upper-case escapes.
void append_encoded(std::string_view text, std::string& out);

// A '%' with two hex digits after it: text that someone encoded twice.
bool has_escape(std::string_view text);
// NUL to US and DEL.
bool has_control(std::string_view text);
// Well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace hubward::hubspot
