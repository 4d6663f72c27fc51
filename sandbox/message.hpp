// SPDX-License-Identifier: Apache-2.0
// What comes in and what goes out, as plain values: the whole simulator is functions over these, so that it
// is tested without a socket. The shell (sandbox/shell.hpp) turns HTTP into a Call and an Answer into HTTP.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ascii.hpp"
#include "core/json.hpp"

namespace hubward::sandbox {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Call {
  std::string method;
  std::string path;   // as sent, still percent-encoded
  std::string query;  // as sent, without the '?'
  Fields fields;
  std::string body;

  std::string_view field(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (same_ignoring_case(key, name)) return value;
    return {};
  }
};

// How the shell hands the answer out; a fault may ask for more than plain writing.
struct Delivery {
  enum class Cut { None, WithoutAnswer, MidAnswer, AfterAnswer } cut = Cut::None;
  std::chrono::milliseconds delay{0};  // before the first byte
  std::size_t piece_bytes = 0;         // 0: the body in one piece
  std::chrono::milliseconds pause{0};  // between two pieces
};

struct Answer {
  int status = 200;
  Fields fields;
  std::string body;
  Delivery delivery;
  // The grant whose refresh this answers; the shell says when it has been delivered (World::refresh_ended).
  std::string refresh_of;

  std::string_view field(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (same_ignoring_case(key, name)) return value;
    return {};
  }
};

inline Answer json_answer(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json;charset=utf-8"}}, body.dump(), {}, {}};
}
inline Answer empty_answer(int status = 204) {
  return {status, {}, {}, {}, {}};
}

// libstdc++ 12 has no std::ranges::contains yet.
template <class List, class Value>
bool holds(const List& list, const Value& value) {
  return std::ranges::find(list, value) != std::ranges::end(list);
}

// The names and values of a query or a form (application/x-www-form-urlencoded), decoded, in their order.
class Form {
 public:
  static constexpr std::size_t max_pairs = 1000;

  static Form parse(std::string_view text);
  std::string first(std::string_view name) const;
  std::optional<std::string> find(std::string_view name) const;
  // Every value of that name; "a,b" counts as two, as HubSpot takes lists in both forms.
  std::vector<std::string> list(std::string_view name) const;

 private:
  Fields pairs_;
};

enum class Plus { IsSpace, IsPlus };
std::string percent_decoded(std::string_view text, Plus plus);
std::string percent_encoded(std::string_view text);  // all but unreserved characters (RFC 3986 section 2.3)
std::string html_escaped(std::string_view text);
// Path segments, decoded one by one; a trailing slash adds none.
std::vector<std::string> path_segments(std::string_view path);

}  // namespace hubward::sandbox
