// SPDX-License-Identifier: Apache-2.0
#include "hubspot/signature_variations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "core/ascii.hpp"
#include "core/json.hpp"
#include "hubspot/percent.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF", replacement_character = "\xEF\xBF\xBD";
// Beyond 2^53 JavaScript rounds whole numbers; 9007199254740992 has this many digits.
constexpr std::size_t rounded_digits = 16;

class Variations {
 public:
  explicit Variations(std::string_view given) : given_(given) {}
  void add(std::string text, std::string_view what) {
    bool known = text == given_ ||
                 std::ranges::any_of(all_, [&](const Variation& other) { return other.text == text; });
    if (!known) all_.push_back({std::move(text), std::string(what)});
  }
  std::vector<Variation> take() { return std::move(all_); }

 private:
  std::string_view given_;
  std::vector<Variation> all_;
};

// scheme "://" authority, then path, then '?' and query.
struct UrlParts {
  std::string_view scheme, authority, path, query;
  bool has_query = false;

  static std::optional<UrlParts> of(std::string_view url) {
    std::size_t mark = url.find("://");
    if (mark == std::string_view::npos) return std::nullopt;
    UrlParts parts;
    parts.scheme = url.substr(0, mark);
    std::string_view rest = url.substr(mark + 3);
    std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
    parts.authority = rest.substr(0, slash);
    rest.remove_prefix(slash);
    std::size_t question = rest.find('?');
    parts.path = rest.substr(0, question);
    parts.has_query = question != std::string_view::npos;
    if (parts.has_query) parts.query = rest.substr(question + 1);
    return parts;
  }
  std::string text() const {
    return fmt::format("{}://{}{}{}{}", scheme, authority, path, has_query ? "?" : "", query);
  }
};

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at = 0; (at = text.find(from)) != std::string_view::npos;) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

std::string without_port(std::string_view authority) {
  std::size_t colon = authority.rfind(':');
  bool port = colon != std::string_view::npos && to_number(authority.substr(colon + 1));
  return std::string(port ? authority.substr(0, colon) : authority);
}

void add_hosts(Variations& urls, const UrlParts& parts, const HostHints& hints) {
  for (auto [host, field] : {std::pair{hints.host, "Host"}, {hints.forwarded_host, "X-Forwarded-Host"}}) {
    if (host.empty()) continue;
    for (std::string_view scheme : {"https", "http"}) {
      UrlParts other = parts;
      other.authority = host;
      other.scheme = scheme;
      urls.add(other.text(), fmt::format("HubSpot called another address, the one that {} names", field));
    }
  }
}

void add_ports(Variations& urls, const UrlParts& parts) {
  const std::string bare = without_port(parts.authority);
  UrlParts other = parts;
  other.authority = bare;
  urls.add(other.text(), "HubSpot called the address without a port");
  for (std::string_view port : {":443", ":8443", ":80"}) {
    const std::string with = bare + std::string(port);
    other.authority = with;
    urls.add(other.text(), fmt::format("HubSpot called the address with {} written in it", port));
  }
}

void add_paths(Variations& urls, const UrlParts& parts) {
  UrlParts other = parts;
  const std::string slashed = std::string(parts.path) + "/";
  bool ends = parts.path.ends_with('/');
  other.path = ends ? parts.path.substr(0, parts.path.size() - 1) : std::string_view(slashed);
  urls.add(other.text(), ends ? "a slash was added at the end of the path"
                              : "the slash at the end of the path was taken off");
  const std::string merged = replaced(parts.path, "//", "/");
  other.path = merged;
  urls.add(other.text(), "a slash in the path was doubled");
  std::string decoded;
  if (append_decoded(parts.path, decoded)) {
    other.path = decoded;
    urls.add(other.text(), "the path was encoded anew");
  }
}

void add_queries(Variations& urls, const UrlParts& parts) {
  UrlParts other = parts;
  other.has_query = false;
  other.query = {};
  urls.add(other.text(), "a query was added");
  if (!parts.has_query) return;
  std::vector<std::string_view> pairs = split(parts.query, '&');
  std::ranges::sort(pairs);
  other.has_query = true;
  const std::string sorted = fmt::format("{}", fmt::join(pairs, "&"));
  other.query = sorted;
  urls.add(other.text(), "the query's parameters were put in another order");
  std::vector<std::string_view> backwards = split(parts.query, '&');
  std::ranges::reverse(backwards);
  const std::string reversed = fmt::format("{}", fmt::join(backwards, "&"));
  other.query = reversed;
  urls.add(other.text(), "the query's parameters were put in another order");
  for (auto [from, to] : {std::pair{"+", "%20"}, {"%20", "+"}}) {
    const std::string spaced = replaced(parts.query, from, to);
    other.query = spaced;
    urls.add(other.text(), "spaces in the query were encoded in another way");
  }
}

// Members in the order of `names`, then the others in theirs.
Json in_order(const Json& event, std::span<const std::string_view> names) {
  Json ordered = Json::object();
  for (std::string_view name : names)
    if (const Json* member = event.find(name)) ordered.set(name, *member);
  for (const auto& [name, member] : event.members())
    if (!ordered.has(name)) ordered.set(name, member);
  return ordered;
}

Json all_in_order(const Json& body, std::span<const std::string_view> names) {
  if (!body.is_array()) return in_order(body, names);
  Json events = Json::array();
  for (const Json& event : body.items()) events.push(event.is_object() ? in_order(event, names) : event);
  return events;
}

// Characters beyond ASCII as \u escapes, as many writers of JSON put them.
std::string escaped(std::string_view json, std::string_view format) {
  std::string result;
  while (!json.empty()) {
    auto first = static_cast<unsigned char>(json.front());
    std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (length == 1 || json.size() < length) {
      result += json.front();
      json.remove_prefix(1);
      continue;
    }
    unsigned point = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i)
      point = point << 6 | (static_cast<unsigned char>(json[i]) & 0x3FU);
    auto add = [&](unsigned unit) { result += fmt::format(fmt::runtime(format), unit); };
    if (point < 0x10000) {
      add(point);
    } else {
      add(0xD800 + ((point - 0x10000) >> 10));
      add(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
    json.remove_prefix(length);
  }
  return result;
}

void add_rewritten(Variations& bodies, std::string_view body) {
  // The orders in which HubSpot has been seen to write an event's members.
  constexpr std::array<std::string_view, 15> delivered{
      "eventId",          "subscriptionId", "portalId",   "appId",        "occurredAt",
      "subscriptionType", "attemptNumber",  "objectId",   "objectTypeId", "propertyName",
      "propertyValue",    "changeSource",   "changeFlag", "sourceId",     "isSensitive"};
  constexpr std::array<std::string_view, 10> printed{
      "eventId",       "subscriptionId", "portalId",     "occurredAt", "subscriptionType",
      "attemptNumber", "objectId",       "changeSource", "changeFlag", "appId"};
  constexpr std::string_view what = "the body was read as JSON and written again";
  const Result<Json> json = Json::parse(body);
  if (!json || (!json->is_array() && !json->is_object())) return;
  for (const Json& form : {*json, all_in_order(*json, delivered), all_in_order(*json, printed)}) {
    const std::string compact = form.dump();
    bodies.add(compact, what);
    bodies.add(escaped(compact, "\\u{:04x}"), what);
    bodies.add(escaped(compact, "\\u{:04X}"), what);
  }
}

}  // namespace

std::vector<Variation> other_methods(std::string_view method) {
  Variations methods(method);
  for (std::string_view other : {"POST", "GET", "PUT", "PATCH", "DELETE"})
    methods.add(std::string(other), fmt::format("HubSpot sent it as {}", other));
  methods.add(lower(method), "the signature was made over the method in lower case");
  return methods.take();
}

std::vector<Variation> other_urls(std::string_view url, const HostHints& hints) {
  Variations urls(url);
  std::optional<UrlParts> parts = UrlParts::of(url);
  if (!parts) return {};
  UrlParts other = *parts;
  bool https = parts->scheme == "https";
  other.scheme = https ? "http" : "https";
  urls.add(other.text(), fmt::format("HubSpot called it with {}", other.scheme));
  add_hosts(urls, *parts, hints);
  add_ports(urls, *parts);
  add_paths(urls, *parts);
  add_queries(urls, *parts);
  return urls.take();
}

std::vector<Variation> other_bodies(std::string_view body) {
  Variations bodies(body);
  for (std::string_view end : {"\n", "\r\n", "\r\n\r\n"})
    if (body.ends_with(end))
      bodies.add(std::string(body.substr(0, body.size() - end.size())),
                 "a line end was added after the body");
  bodies.add(std::string(body) + "\n", "the line end after the body was taken off");
  bodies.add(std::string(body) + "\r\n", "the line end after the body was taken off");
  const std::string unix_lines = replaced(body, "\r\n", "\n");
  bodies.add(unix_lines, "line ends in the body were changed");
  bodies.add(replaced(unix_lines, "\n", "\r\n"), "line ends in the body were changed");
  bool mark = body.starts_with(byte_order_mark);
  bodies.add(mark ? std::string(body.substr(byte_order_mark.size()))
                  : std::string(byte_order_mark) + std::string(body),
             mark ? "a byte order mark was put before the body"
                  : "the byte order mark before the body was taken off");
  bodies.add("", "HubSpot sent no body");
  if (body.size() <= longest_rewritten_body) add_rewritten(bodies, body);
  return bodies.take();
}

std::string traces_of_rewriting(std::string_view body) {
  if (body.contains(replacement_character))
    return "the body holds U+FFFD: its bytes were taken for text in another encoding";
  std::size_t digits = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    digits = is_digit(body[i]) ? digits + 1 : 0;
    bool quoted = digits > 0 && i >= digits && body[i - digits] == '"';
    if (digits >= rounded_digits && !quoted)
      return "the body holds whole numbers beyond 2^53: whoever reads them as JavaScript does and writes "
             "them again "
             "changes them";
  }
  const Result<Json> json = Json::parse(body);
  if (json && json->dump() != body)
    return "the body is JSON with white space, escapes or numbers that HubSpot does not write: it was "
           "probably read and "
           "written again";
  return "";
}

}  // namespace hubward::hubspot
