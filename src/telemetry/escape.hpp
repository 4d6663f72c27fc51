// SPDX-License-Identifier: Apache-2.0
// Text from anywhere as a JSON string that is one line, valid UTF-8, and leaves a terminal alone. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hubward::telemetry {

// Quotes included. Escapes quotes, backslashes, control characters (C0, DEL, C1), line separators and the
// marks that turn the direction of writing (U+202A..E, U+2066..9); a byte that is no UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text);

// The same as plain text: every character and byte that quoted() would write as \u becomes one "?".
std::string one_line(std::string_view text);

}  // namespace hubward::telemetry
