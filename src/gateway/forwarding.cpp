// SPDX-License-Identifier: Apache-2.0
#include "gateway/forwarding.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

#include "core/ascii.hpp"
#include "http/name_set.hpp"
#include "hubspot/regions.hpp"

namespace hubward::gateway {
namespace {

using namespace std::string_view_literals;

constexpr http::NameSet never_to_hubspot{"authorization",
                                         "cookie",
                                         "cookie2",
                                         "host",
                                         "expect",
                                         "forwarded",
                                         "via",
                                         "x-real-ip",
                                         "x-client-ip",
                                         "true-client-ip",
                                         "x-cluster-client-ip",
                                         "hapikey",
                                         "x-http-method",
                                         "x-http-method-override",
                                         "x-method-override",
                                         "x-original-url",
                                         "x-rewrite-url",
                                         "origin",
                                         "referer",
                                         "accept-encoding"};
constexpr std::array never_to_hubspot_prefixes = {"x-forwarded-"sv, "proxy-"sv, "cf-"sv, "x-hubward-"sv};

constexpr http::NameSet never_to_caller{
    "set-cookie", "set-cookie2",         "alt-svc",   "strict-transport-security", "report-to",
    "nel",        "reporting-endpoints", "expect-ct", "public-key-pins",           "clear-site-data"};

bool begins_with_one_of(std::span<const std::string_view> prefixes, std::string_view name) {
  return std::ranges::any_of(
      prefixes, [name](auto prefix) { return same_ignoring_case(name.substr(0, prefix.size()), prefix); });
}

bool is_ours(std::string_view authority, const http::Origin& upstream) {
  std::string own = http::authority_of(upstream);
  if (same_ignoring_case(authority, own)) return true;
  if (authority.ends_with(":443")) authority.remove_suffix(4);
  return hubspot::is_hubspot_api_host(authority);
}

// Path and query of a location that is HubSpot's: whole, without its scheme, or a path alone.
std::optional<std::string_view> path_at_hubspot(std::string_view location, const http::Origin& upstream) {
  std::size_t slashes = location.find("//");
  std::string scheme = lower(location.substr(0, std::min(slashes, location.size())));
  if (slashes == std::string_view::npos || !(scheme.empty() || scheme == "https:" || scheme == "http:"))
    return location.starts_with('/') ? std::optional(location) : std::nullopt;
  std::string_view rest = location.substr(slashes + 2);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (!is_ours(authority, upstream)) return std::nullopt;
  return rest.substr(authority.size());
}

}  // namespace

void lead_back(http::Fields& fields, const http::Origin& upstream, std::string_view base) {
  auto location = fields.find("location");
  if (!location) return;
  std::optional<std::string_view> path = path_at_hubspot(*location, upstream);
  if (!path) return;
  std::string turned = std::string(base).append(*path);
  fields.set("Location", turned);
}

void prepare_for_hubspot(http::Fields& fields, Encoding encoding) {
  std::string accepted;
  if (auto asked = fields.find("accept-encoding"); asked && encoding == Encoding::AsAsked) accepted = *asked;
  fields.remove_if([](const http::Fields::Field& field) {
    return never_to_hubspot.has(field.name) || begins_with_one_of(never_to_hubspot_prefixes, field.name);
  });
  if (encoding == Encoding::Identity) accepted = "identity";
  if (!accepted.empty()) fields.add("Accept-Encoding", accepted);
}

void prepare_for_caller(http::Fields& fields) {
  fields.remove_if([](const http::Fields::Field& field) { return never_to_caller.has(field.name); });
}

}  // namespace hubward::gateway
