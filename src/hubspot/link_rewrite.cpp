// SPDX-License-Identifier: Apache-2.0
#include "hubspot/link_rewrite.hpp"

#include <algorithm>
#include <utility>

#include "core/ascii.hpp"
#include "core/json.hpp"
#include "hubspot/regions.hpp"

namespace hubward::hubspot {

namespace {

constexpr std::size_t longest_name = 6;  // "paging"
constexpr std::string_view secure = "https://", plain = "http://";

bool is_structure(char c) {
  return c == '"' || c == ',' || c == '{' || c == '}' || c == '[' || c == ']';
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ends_plain_text(char c) {
  return c == '"' || c == '\\';
}

// The first byte from `at` on of that kind, or the end.
std::size_t skip_to(bool (*is_meant)(char), std::string_view bytes, std::size_t at) {
  while (at < bytes.size() && !is_meant(bytes[at])) ++at;
  return at;
}

std::string inside_of_text(std::string_view text) {
  std::string quoted = json_quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && same_ignoring_case(text.substr(0, start.size()), start);
}

// What stands after "https://" so far; nothing while the scheme is not whole.
std::optional<std::string_view> authority_of(std::string_view url) {
  if (starts_ignoring_case(url, secure)) return url.substr(secure.size());
  if (starts_ignoring_case(url, plain)) return url.substr(plain.size());
  return std::nullopt;
}

bool may_become_url(std::string_view url) {
  return starts_ignoring_case(secure, url) || starts_ignoring_case(plain, url) ||
         authority_of(url).has_value();
}

}  // namespace

std::string_view LinkRewriter::feed(std::string_view piece) {
  if (piece.empty()) return {};
  out_.clear();
  passed_ = link_begin_ = 0;
  for (std::size_t i = 0; i < piece.size();) {
    switch (state_) {
      case State::Searching: i = search(piece, i); break;
      case State::Named:
      case State::Introduced: i += introduces(piece[i]) ? 1 : 0; break;
      case State::Between:
        i = skip_to(is_structure, piece, i);
        link_begin_ = i + 1;
        if (i < piece.size()) between(piece[i++]);
        break;
      case State::Name: in_name(piece[i++]); break;
      case State::Text:
        if (escape_ == 0) i = skip_to(ends_plain_text, piece, i);
        if (i < piece.size() && decode(piece[i++]) == end_of_text) state_ = State::Between;
        break;
      case State::Link: in_link(piece, i++); break;
    }
  }
  return passed_on(piece);
}

std::string_view LinkRewriter::finish() {
  out_ = std::exchange(held_, {});
  state_ = State::Searching;
  return out_;
}

// What of the piece need not be held back, after what is in `out_`; the piece itself if that is all.
std::string_view LinkRewriter::passed_on(std::string_view piece) {
  std::size_t end = state_ == State::Link ? link_begin_ : piece.size();
  if (state_ == State::Link) held_.append(piece.substr(end));
  if (out_.empty() && passed_ == 0) return piece.substr(0, end);
  return out_.append(piece.substr(passed_, end - passed_));
}

// Answers where to go on.
std::size_t LinkRewriter::search(std::string_view piece, std::size_t at) {
  std::optional<std::size_t> behind = search_.find(piece, at);
  if (behind) state_ = State::Named;
  return behind.value_or(piece.size());
}

// Whether the byte stands between the name and its object, the brace included; if not, the search goes on.
bool LinkRewriter::introduces(char c) {
  if (is_space(c)) return true;
  if (state_ == State::Named && c == ':') {
    state_ = State::Introduced;
    return true;
  }
  bool is_object = state_ == State::Introduced && c == '{';
  state_ = is_object ? State::Between : State::Searching;
  if (!is_object) return false;
  next_progress_ = Progress::InPaging;
  open(true);
  return true;
}

void LinkRewriter::between(char c) {
  switch (c) {
    case '{':
    case '[': open(c == '{'); break;
    case '}':
    case ']': close(); break;
    case ',':
      name_expected_ = containers_.back().is_object;
      next_progress_ = Progress::None;
      link_expected_ = false;
      break;
    case '"': begin_text(); break;
    default: break;
  }
}

void LinkRewriter::open(bool is_object) {
  if (containers_.size() == max_depth) {
    containers_.clear();
    state_ = State::Searching;
    return;
  }
  containers_.push_back({is_object, is_object ? next_progress_ : Progress::None});
  name_expected_ = is_object;
  next_progress_ = Progress::None;
  link_expected_ = false;
}

void LinkRewriter::close() {
  containers_.pop_back();
  name_expected_ = false;
  if (containers_.empty()) state_ = State::Searching;
}

void LinkRewriter::begin_text() {
  escape_ = 0;
  if (name_expected_) {
    name_.clear();
    name_spoiled_ = false;
    state_ = State::Name;
    return;
  }
  url_.clear();
  state_ = link_expected_ ? State::Link : State::Text;
  link_expected_ = false;
}

void LinkRewriter::end_name() {
  state_ = State::Between;
  name_expected_ = false;
  Progress here = containers_.back().progress;
  next_progress_ = Progress::None;
  if (name_is("paging")) next_progress_ = Progress::InPaging;
  if (here == Progress::InPaging && (name_is("next") || name_is("prev"))) next_progress_ = Progress::InNext;
  link_expected_ = here == Progress::InNext && name_is("link");
}

void LinkRewriter::in_name(char c) {
  int character = decode(c);
  if (character == end_of_text) return end_name();
  if (character == nothing || name_spoiled_) return;
  name_spoiled_ = character == other || name_.size() == longest_name;
  if (!name_spoiled_) name_.push_back(static_cast<char>(character));
}

int LinkRewriter::decode(char c) {
  if (escape_ == 0) {
    if (c == '"') return end_of_text;
    if (c != '\\') return static_cast<unsigned char>(c) < 0x80 ? c : other;
    escape_ = 1;
    return nothing;
  }
  if (escape_ == 1) {
    escape_ = c == 'u' ? 2 : 0;
    code_ = 0;
    if (c == 'u') return nothing;
    return c == '/' || c == '"' || c == '\\' ? c : other;
  }
  unsigned digit = 16;
  if (is_digit(c)) digit = static_cast<unsigned>(c - '0');
  if (to_lower(c) >= 'a' && to_lower(c) <= 'f') digit = static_cast<unsigned>(to_lower(c) - 'a' + 10);
  if (digit == 16) {
    // Not JSON. A quote still ends the text, so that one broken escape does not turn all that follows around.
    escape_ = 0;
    return c == '"' ? end_of_text : other;
  }
  code_ = code_ * 16 + digit;
  if (++escape_ <= 5) return nothing;
  escape_ = 0;
  return code_ < 0x80 ? static_cast<int>(code_) : other;
}

void LinkRewriter::in_link(std::string_view piece, std::size_t at) {
  std::size_t place = held_.size() + at - link_begin_;
  if (escape_ == 0) character_start_ = place;
  int character = decode(piece[at]);
  if (character == nothing || link_goes_on(character)) {
    if (place + 1 < max_held) return;
  } else if (auto authority = authority_of(url_); authority && character != other && is_ours(*authority)) {
    turn(piece);
  }
  out_.append(held_);
  held_.clear();
  state_ = character == end_of_text ? State::Between : State::Text;
}

// Puts the base in the place of the link up to the character being read, which may have begun in an earlier
// piece.
void LinkRewriter::turn(std::string_view piece) {
  std::size_t held = std::min(character_start_, held_.size());
  held_.erase(0, held);
  out_.append(piece.substr(passed_, link_begin_ - passed_)).append(way().base);
  passed_ = link_begin_ + character_start_ - held;
  rewrote_ = true;
}

// Whether the URL may still turn out to be one of ours after this character; adds it when it does.
bool LinkRewriter::link_goes_on(int character) {
  if (character == other || character == end_of_text) return false;
  char c = static_cast<char>(character);
  if (authority_of(url_) && (c == '/' || c == '?' || c == '#' || c == '\\')) return false;
  url_.push_back(c);
  return may_become_url(url_);
}

bool LinkRewriter::is_ours(std::string_view authority) {
  const std::string& upstream = way().upstream_authority;
  if (!upstream.empty() && same_ignoring_case(authority, upstream)) return true;
  if (authority.ends_with(":443")) authority.remove_suffix(4);
  return is_hubspot_api_host(authority);
}

const LinkRewriter::Way& LinkRewriter::way() {
  if (!way_) {
    way_ = ask_way_();
    way_->base = inside_of_text(way_->base);
  }
  return *way_;
}

}  // namespace hubward::hubspot
