// SPDX-License-Identifier: Apache-2.0
#include "hubspot/query.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/ascii.hpp"
#include "hubspot/percent.hpp"

namespace hubward::hubspot {

namespace {

// Credentials that HubSpot takes or took from a query (hubspot.md sections 1.2 and 2.3), and parameters by
// which frameworks let a query change the method.
constexpr std::array<std::string_view, 9> forbidden = {
    "hapikey", "access_token",  "refresh_token", "client_secret",         "authorization",
    "_method", "x-http-method", "_httpmethod",   "x-http-method-override"};

// However deep a name was encoded, this many rounds lay it open; what is still encoded then is not a name
// that HubSpot would read as one of ours.
constexpr int decoding_rounds = 4;

std::unexpected<Error> refused(std::string_view reason) {
  return invalid("QUERY_REFUSED", "the query of the call " + std::string(reason));
}

bool may_stand_raw(char c) {
  // RFC 3986 section 3.4, and the brackets, bars and the like that clients send unencoded. No quotes, no
  // angle brackets, no backslash, no '#'.
  constexpr std::string_view others = "%!$&'()*+,;=:@/?[]{}|^";
  return is_unreserved(c) || others.find(c) != std::string_view::npos;
}

// Decoded once; '+' is a space.
bool decode(std::string_view raw, std::string& out) {
  std::size_t begin = out.size();
  for (;;) {
    std::size_t plus = raw.find('+');
    if (!append_decoded(raw.substr(0, plus), out)) return false;
    if (plus == std::string_view::npos) break;
    out.push_back(' ');
    raw.remove_prefix(plus + 1);
  }
  std::string_view decoded = std::string_view(out).substr(begin);
  return !has_control(decoded) && is_utf8(decoded);
}

// The name under every layer of encoding, in lower case, without spaces and array brackets around it.
std::string laid_open(std::string_view name) {
  std::string text(name);
  for (int round = 0; round < decoding_rounds && has_escape(text); ++round) {
    std::string next;
    if (!append_decoded(text, next)) break;
    text = std::move(next);
  }
  std::string_view rest = trimmed(text);
  if (std::size_t bracket = rest.find('['); bracket != std::string_view::npos) rest = rest.substr(0, bracket);
  return lower(trimmed(rest));
}

// Which of the forbidden names stands in `text`, where ';' separates names.
std::optional<std::string_view> forbidden_name(std::string_view text) {
  constexpr std::size_t shortest = 7;  // "hapikey", "_method"
  if (text.size() < shortest) return std::nullopt;
  for (;;) {
    std::size_t end = text.find(';');
    std::string_view part = text.substr(0, end);
    std::string name = laid_open(part.substr(0, part.find('=')));
    auto found = std::ranges::find(forbidden, name);
    if (found != forbidden.end()) return *found;
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Query> Query::parse(std::string_view query) {
  if (query.size() > max_bytes) return refused("is longer than 16 KiB");
  if (!std::ranges::all_of(query, may_stand_raw)) return refused("holds a byte that must be percent-encoded");
  Query result;
  result.sent_ = query;
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view piece = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (piece.empty()) continue;
    if (result.parameters_.size() == max_parameters) return refused("has more than 512 parameters");
    std::size_t equals = piece.find('=');
    Parameter& parameter = result.parameters_.emplace_back();
    if (!decode(piece.substr(0, equals), parameter.name)) return refused("has a name that cannot be decoded");
    if (equals == std::string_view::npos) continue;
    if (!decode(piece.substr(equals + 1), parameter.value))
      return refused("has a value that cannot be decoded");
  }
  return result;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  auto found = std::ranges::find(parameters_, name, &Parameter::name);
  if (found == parameters_.end()) return std::nullopt;
  return found->value;
}

std::optional<std::string_view> Query::forbidden_parameter() const {
  for (const Parameter& parameter : parameters_) {
    if (auto name = forbidden_name(parameter.name)) return name;
    // Some servers split at ';' too: each part of "a;hapikey=x" is a parameter to them.
    if (parameter.value.find(';') == std::string::npos) continue;
    if (auto name = forbidden_name(parameter.value.substr(parameter.value.find(';')))) return name;
  }
  return std::nullopt;
}

std::vector<ObjectName> Query::associated_objects() const {
  std::vector<ObjectName> objects;
  std::set<ObjectName> seen;  // thousands of names fit into a query
  for (const Parameter& parameter : parameters_) {
    std::string_view name = parameter.name;
    if (std::size_t bracket = name.find('['); bracket != std::string_view::npos)
      name = name.substr(0, bracket);
    if (!same_ignoring_case(trimmed(name), "associations")) continue;
    for (std::string_view spelled : split(parameter.value, ',')) {
      if (trimmed(spelled).empty()) continue;
      ObjectName object = object_name(trimmed(spelled));
      if (seen.insert(object).second) objects.push_back(std::move(object));
    }
  }
  return objects;
}

}  // namespace hubward::hubspot
