// SPDX-License-Identifier: Apache-2.0
// Bytes as text: hex, base64 and base64url (RFC 4648). Decoding is strict: one spelling for each value, or
// nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hubward {

using Bytes = std::vector<std::byte>;

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(std::span<const std::byte> bytes);        // lower case
std::optional<Bytes> from_hex(std::string_view text);        // either case
std::string to_base64(std::span<const std::byte> bytes);     // with padding
std::string to_base64url(std::span<const std::byte> bytes);  // without padding
std::optional<Bytes> from_base64(std::string_view text);     // padding required, unused bits zero
std::optional<Bytes> from_base64url(std::string_view text);  // no padding, unused bits zero

}  // namespace hubward
