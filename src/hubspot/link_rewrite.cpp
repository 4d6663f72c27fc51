// SPDX-License-Identifier: Apache-2.0
#include "hubspot/link_rewrite.hpp"

#include <optional>

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

// The first byte from `at` on that means something in a text.
std::size_t skip_plain(std::string_view bytes, std::size_t at) {
  while (at < bytes.size() && bytes[at] != '"' && bytes[at] != '\\') ++at;
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

LinkRewriter::LinkRewriter(std::string_view base, std::string upstream_authority)
    : base_(inside_of_text(base)), upstream_(std::move(upstream_authority)) {}

void LinkRewriter::feed(std::string_view bytes, std::string& out) {
  std::size_t passed = 0;  // bytes before this are in `out` or held
  for (std::size_t i = 0; i < bytes.size() && state_ != State::Unread; ++i) {
    switch (state_) {
      case State::Between:
        while (i < bytes.size() && !is_structure(bytes[i])) ++i;
        if (i < bytes.size()) between(bytes[i]);
        break;
      case State::Name: in_name(bytes[i]); break;
      case State::Text:
        if (escape_ == 0) i = skip_plain(bytes, i);
        if (i < bytes.size() && decode(bytes[i]) == end_of_text) state_ = State::Between;
        break;
      case State::Link:
        out.append(bytes.substr(passed, i - passed));
        in_link(bytes[i], out);
        passed = i + 1;
        break;
      case State::Unread: break;
    }
  }
  out.append(bytes.substr(passed));
}

void LinkRewriter::finish(std::string& out) {
  release(out);
  state_ = State::Unread;
}

void LinkRewriter::between(char c) {
  switch (c) {
    case '{':
    case '[': open(c == '{'); break;
    case '}':
    case ']':
      if (!containers_.empty()) containers_.pop_back();
      name_expected_ = false;
      break;
    case ',':
      name_expected_ = !containers_.empty() && containers_.back().is_object;
      next_progress_ = Progress::None;
      link_expected_ = false;
      break;
    case '"': begin_text(); break;
    default: break;
  }
}

void LinkRewriter::open(bool is_object) {
  if (containers_.size() == max_depth) {
    state_ = State::Unread;
    return;
  }
  containers_.push_back({is_object, is_object ? next_progress_ : Progress::None});
  name_expected_ = is_object;
  next_progress_ = Progress::None;
  link_expected_ = false;
}

void LinkRewriter::begin_text() {
  escape_ = 0;
  if (name_expected_) {
    name_.clear();
    name_spoiled_ = false;
    state_ = State::Name;
    return;
  }
  held_.clear();
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

void LinkRewriter::in_link(char c, std::string& out) {
  if (escape_ == 0) character_start_ = held_.size();
  held_.push_back(c);
  int character = decode(c);
  if (character == nothing || link_goes_on(character)) {
    if (held_.size() == max_held) release(out);
    return;
  }
  auto authority = authority_of(url_);
  if (authority && is_ours(*authority) && character != other) {
    held_.replace(0, character_start_, base_);
    rewrote_ = true;
  }
  release(out);
  if (character == end_of_text) state_ = State::Between;
}

// Whether the URL may still turn out to be one of ours after this character; adds it when it does.
bool LinkRewriter::link_goes_on(int character) {
  if (character == other || character == end_of_text) return false;
  char c = static_cast<char>(character);
  if (authority_of(url_) && (c == '/' || c == '?' || c == '#' || c == '\\')) return false;
  url_.push_back(c);
  return may_become_url(url_);
}

bool LinkRewriter::is_ours(std::string_view authority) const {
  if (!upstream_.empty() && same_ignoring_case(authority, upstream_)) return true;
  if (authority.ends_with(":443")) authority.remove_suffix(4);
  return is_hubspot_api_host(authority);
}

void LinkRewriter::release(std::string& out) {
  out.append(held_);
  held_.clear();
  if (state_ == State::Link) state_ = State::Text;
}

}  // namespace hubward::hubspot
