// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "core/ascii.hpp"
#include "http/client.hpp"

namespace hubward::http {

namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035 section 2.3.4, as text

std::unexpected<Error> not_an_origin(std::string_view text, const char* why) {
  return invalid("ORIGIN",
                 "'" + std::string(text) + "' is not an origin like https://api.hubapi.com: " + why);
}

std::uint16_t default_port(Origin::Scheme scheme) {
  return scheme == Origin::Scheme::Https ? 443 : 80;
}

bool is_name(std::string_view host) {
  auto fits = [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && host.size() <= longest_host && std::ranges::all_of(host, fits) &&
         host.front() != '.' && host.front() != '-';
}

}  // namespace

Result<Origin> parse_origin(std::string_view text) {
  Origin origin;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    origin.scheme = Origin::Scheme::Http;
    rest.remove_prefix(7);
  } else {
    return not_an_origin(text, "it does not begin with https:// or http://");
  }
  origin.port = default_port(origin.scheme);
  std::string_view host = rest;
  if (rest.starts_with('[')) {
    std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return not_an_origin(text, "a bracket is not closed");
    host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    in6_addr address{};
    if (host.contains('\0') || inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1)
      return not_an_origin(text, "what stands in brackets is no IPv6 address");
  } else {
    host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(host.size());
    if (!is_name(host)) return not_an_origin(text, "a host and a port are all that may follow the scheme");
  }
  origin.host = lower(host);
  if (rest.empty()) return origin;
  std::optional<std::uint64_t> port = rest.front() == ':' ? to_number(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0 || *port > 65535)
    return not_an_origin(text, "a host and a port from 1 to 65535 are all that may follow the scheme");
  origin.port = static_cast<std::uint16_t>(*port);
  return origin;
}

std::string to_string(const Origin& origin) {
  return (origin.scheme == Origin::Scheme::Https ? "https://" : "http://") + authority_of(origin);
}

std::string authority_of(const Origin& origin) {
  bool is_v6 = origin.host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + origin.host + "]" : origin.host;
  if (origin.port != default_port(origin.scheme)) text.append(":").append(std::to_string(origin.port));
  return text;
}

}  // namespace hubward::http
