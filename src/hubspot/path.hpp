// SPDX-License-Identifier: Apache-2.0
// The path of a call in one form, so that nothing can be asked for under a name that policy does not see
// (hubspot.md sections 8 and 10.1). Each segment is percent-decoded exactly once and encoded again in one
// way; what could mean two things to two servers is refused. Pure; values; any thread.
//
// Refused: a path that does not begin with '/', empty segments (one slash at the end is dropped, which
// HubSpot takes for the same), '.' and '..', ';', bad escapes, encoded '/' and '\', NUL and control bytes,
// bytes that are not UTF-8, and text that is still percent-encoded after decoding once. In the free tail of a
// path (a file's path in `/cms/…/source-code/…` or `/files/…`) an encoded '/' and ';' are allowed; '.' and
// '..' are not, there neither.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hubward::hubspot {

class CanonicalPath {
 public:
  static constexpr std::size_t max_bytes = 4096;  // of the path as it came
  static constexpr std::size_t max_segments = 24;

  // What goes to HubSpot: canonical encoding, the caller's own order and version. Begins with '/'. Canonical
  // of canonical is itself.
  const std::string& sent() const { return sent_; }

  // Decoded segments, without the version.
  std::size_t size() const { return count_; }
  std::string_view segment(std::size_t index) const {
    return std::string_view(decoded_).substr(pieces_[index].start, pieces_[index].length);
  }
  // The segments from `index` to the end as one decoded text, joined by '/': the free tail.
  std::string_view tail(std::size_t index) const;

  // "v3", "2026-03", "2026-09-beta"; empty when the path names none.
  std::string_view version() const { return version_; }
  // Where the version stood among all segments; HubSpot's legacy paths come in two orders.
  std::size_t version_index() const { return version_index_; }

 private:
  friend Result<CanonicalPath> canonicalise(std::string_view path);
  struct Piece {
    std::uint16_t start = 0, length = 0;
  };
  // Reads one raw segment; answers why it cannot be sent on, or nothing.
  std::string_view take(std::string_view raw, std::size_t place, bool in_tail);
  std::string_view add(std::string_view decoded, std::size_t place, bool in_tail);
  bool at_free_tail() const;
  std::string sent_, decoded_, version_;
  std::array<Piece, max_segments> pieces_{};
  std::uint8_t count_ = 0, version_index_ = 0;
};

// `path` is the path of the request target, without the query. Errors have the code PATH_REFUSED and name the
// reason, never the text.
Result<CanonicalPath> canonicalise(std::string_view path);

// "v" and digits, or a date version "YYYY-MM" with or without "-beta" (section 11.1).
bool is_version(std::string_view segment);

}  // namespace hubward::hubspot
