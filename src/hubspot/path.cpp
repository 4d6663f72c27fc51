// SPDX-License-Identifier: Apache-2.0
#include "hubspot/path.hpp"

#include <algorithm>

#include "core/ascii.hpp"
#include "hubspot/percent.hpp"

namespace hubward::hubspot {

namespace {

// The version stands at one of these places among all segments (hubspot.md section 11.1).
constexpr std::size_t first_version_place = 1, last_version_place = 3;

std::unexpected<Error> refused(std::string_view reason) {
  return invalid("PATH_REFUSED", "the path of the call " + std::string(reason));
}

bool may_stand_raw(char c) {
  constexpr std::string_view others = "%!$&'()*+,=:@";
  return is_unreserved(c) || others.find(c) != std::string_view::npos;
}

// Text that is the same encoded and decoded, and objectionable in no way: nearly every segment there is.
bool is_plain(std::string_view raw) {
  return std::ranges::all_of(raw, is_unreserved) && raw != "." && raw != "..";
}

bool has_dot_segment(std::string_view text) {
  if (text.find('.') == std::string_view::npos) return false;
  for (std::string_view piece : split(text, '/')) {
    if (piece == "." || piece == "..") return true;
  }
  return false;
}

bool has_empty_piece(std::string_view text) {
  return text.empty() || text.front() == '/' || text.back() == '/' ||
         text.find("//") != std::string_view::npos;
}

// Why a decoded segment cannot be sent on; empty when it can.
std::string_view objection(std::string_view decoded, bool in_tail) {
  if (has_control(decoded)) return "holds a control byte";
  if (!is_utf8(decoded)) return "is not UTF-8";
  if (decoded.find('\\') != std::string_view::npos) return "holds a backslash";
  if (has_dot_segment(decoded)) return "holds a dot segment";
  if (has_escape(decoded)) return "is percent-encoded twice";
  if (in_tail) return has_empty_piece(decoded) ? "holds an empty segment" : "";
  if (decoded.find('/') != std::string_view::npos) return "holds an encoded slash";
  if (decoded.find(';') != std::string_view::npos) return "holds a semicolon";
  return "";
}

}  // namespace

bool is_version(std::string_view segment) {
  if (segment.size() >= 2 && segment.size() <= 3 && segment[0] == 'v') {
    return std::ranges::all_of(segment.substr(1), is_digit);
  }
  if (segment.ends_with("-beta")) segment.remove_suffix(5);
  if (segment.size() != 7 || segment[4] != '-') return false;
  return std::ranges::all_of(segment.substr(0, 4), is_digit) &&
         std::ranges::all_of(segment.substr(5), is_digit);
}

std::string_view CanonicalPath::tail(std::size_t index) const {
  if (index >= count_) return {};
  return std::string_view(decoded_).substr(pieces_[index].start);
}

// The templates that end in a free path (docs/formats/catalogue.md); a test compares them with the catalogue.
bool CanonicalPath::at_free_tail() const {
  if (version_.empty()) return false;
  auto is = [this](std::size_t index, std::string_view text) {
    return index < count_ && segment(index) == text;
  };
  if (is(0, "files"))
    return (count_ == 2 && is(1, "folders")) || (count_ == 3 && is(1, "files") && is(2, "stat"));
  return count_ == 4 && is(0, "cms") && is(1, "source-code") &&
         (is(3, "content") || is(3, "metadata") || is(3, "validate"));
}

Result<CanonicalPath> canonicalise(std::string_view path) {
  if (path.empty() || path.front() != '/') return refused("does not begin with a slash");
  if (path.size() > CanonicalPath::max_bytes) return refused("is longer than 4096 bytes");
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);

  CanonicalPath result;
  result.sent_.reserve(path.size() + 16);
  result.decoded_.reserve(path.size());
  if (path.empty()) return refused("is empty");
  std::size_t place = 0;
  bool in_tail = false;
  for (;; ++place) {
    if (place == CanonicalPath::max_segments) return refused("has more than 24 segments");
    in_tail = in_tail || result.at_free_tail();
    std::size_t end = path.find('/');
    std::string_view objection = result.take(path.substr(0, end), place, in_tail);
    if (!objection.empty()) return refused(objection);
    if (end == std::string_view::npos) return result;
    path.remove_prefix(end + 1);
  }
}

std::string_view CanonicalPath::take(std::string_view raw, std::size_t place, bool in_tail) {
  if (raw.empty()) return "holds an empty segment";
  if (is_plain(raw)) {
    sent_.append("/").append(raw);
    return add(raw, place, in_tail);
  }
  auto allowed = [in_tail](char c) { return may_stand_raw(c) || (in_tail && c == ';'); };
  if (raw.find(';') != std::string_view::npos && !in_tail) return "holds a semicolon";
  if (!std::ranges::all_of(raw, allowed)) return "holds a byte that must be percent-encoded";

  std::string decoded;
  if (!append_decoded(raw, decoded)) return "holds a broken percent-escape";
  std::string_view problem = objection(decoded, in_tail);
  if (!problem.empty()) return problem;
  sent_.push_back('/');
  append_encoded(decoded, sent_);
  return add(decoded, place, in_tail);
}

// Keeps a decoded segment, as the version or as one of the family.
std::string_view CanonicalPath::add(std::string_view decoded, std::size_t place, bool in_tail) {
  if (!in_tail && place >= first_version_place && place <= last_version_place && is_version(decoded)) {
    if (!version_.empty()) return "names two versions";
    version_ = decoded;
    version_index_ = static_cast<std::uint8_t>(place);
    return "";
  }
  if (!decoded_.empty()) decoded_.push_back('/');
  pieces_[count_++] = {static_cast<std::uint16_t>(decoded_.size()),
                       static_cast<std::uint16_t>(decoded.size())};
  decoded_.append(decoded);
  return "";
}

}  // namespace hubward::hubspot
