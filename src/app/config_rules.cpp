// SPDX-License-Identifier: Apache-2.0
#include "app/config_rules.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "app/config_keys.hpp"
#include "core/ascii.hpp"
#include "http/network.hpp"

namespace hubward::app {
namespace {

constexpr std::size_t max_name_bytes = 64;
constexpr std::size_t max_host_bytes = 253;
constexpr std::size_t max_token_bytes = 256;

bool is_printable(char c) {
  return c > ' ' && c < '\x7f';
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= max_host_bytes && text.front() != '.' && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-'; });
}

struct UrlParts {
  std::string_view host;
  std::string_view port;  // with its colon
  std::string_view path;
};

// https only; no user info, query or fragment, and no empty host.
std::optional<UrlParts> split_https(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  if (!std::ranges::all_of(text, is_printable) || text.find_first_of("?#@\\\"<>") != std::string_view::npos)
    return std::nullopt;
  UrlParts parts;
  std::size_t slash = std::min(text.find('/'), text.size());
  parts.path = text.substr(slash);
  std::string_view authority = text.substr(0, slash);
  std::size_t colon = std::min(authority.find(':'), authority.size());
  parts.host = authority.substr(0, colon);
  parts.port = authority.substr(colon);
  if (!is_host(parts.host)) return std::nullopt;
  if (!parts.port.empty()) {
    auto number = to_number(parts.port.substr(1));
    if (!number || *number == 0 || *number > 65535) return std::nullopt;
  }
  return parts;
}

}  // namespace

std::optional<std::string> rule_for_networks(std::string_view text) {
  if (http::Network::parse(text)) return std::nullopt;
  return "be an address or a block in CIDR form, like 10.0.0.0/8, with only zeros behind its prefix";
}

std::optional<std::string> rule_for_addresses(std::string_view text) {
  std::string address(text);
  unsigned char binary[sizeof(in6_addr)];
  // For the C library a text ends at a zero byte.
  if (!text.contains('\0') &&
      (inet_pton(AF_INET, address.c_str(), binary) == 1 || inet_pton(AF_INET6, address.c_str(), binary) == 1))
    return std::nullopt;
  return "must be a numeric address, like \"127.0.0.1\" or \"::1\"";
}

std::optional<std::string> rule_for_paths(std::string_view text) {
  if (text.starts_with('/') && std::ranges::none_of(text, [](char c) { return c >= 0 && c < ' '; }))
    return std::nullopt;
  return "must be an absolute path, beginning with \"/\"";
}

std::optional<std::string> rule_for_host_names(std::string_view text) {
  if (is_host(text)) return std::nullopt;
  return "must be a host name without scheme and port, like \"admin.example.com\"";
}

std::optional<std::string> rule_for_origins(std::string_view text) {
  auto parts = split_https(text);
  if (parts && parts->path.empty()) return std::nullopt;
  return "must be https with a host, and no path or slash after it, like \"https://localhost:4443\"";
}

std::optional<std::string> rule_for_public_urls(std::string_view text) {
  auto parts = split_https(text);
  if (parts && parts->path.empty()) return std::nullopt;
  return "must be https with a host, and no path or slash after it, like \"https://hooks.example.com\"";
}

// With a path and a query; http is for networks of one's own (config_together.cpp).
std::optional<std::string> rule_for_webhook_urls(std::string_view text) {
  std::string secure(text);
  if (text.starts_with("http://")) secure = "https://" + secure.substr(std::string_view("http://").size());
  std::size_t mark = std::min(secure.find('?'), secure.size());
  auto parts = split_https(std::string_view(secure).substr(0, mark));
  bool clean =
      std::ranges::all_of(text, is_printable) && text.find_first_of("#\\\"<>") == std::string_view::npos;
  if (parts && clean) return std::nullopt;
  return "must be https with a host, like \"https://erp.example.com/hubspot\", without user, password and "
         "fragment";
}

std::optional<std::string> rule_for_numbers(std::string_view text) {
  auto number = to_number(text);
  if (number && *number <= INT64_MAX) return std::nullopt;
  return "must be a number, written as text like \"8801234\"";
}

std::optional<std::string> rule_for_tokens(std::string_view text) {
  if (!text.empty() && text.size() <= max_token_bytes && std::ranges::all_of(text, is_printable))
    return std::nullopt;
  return "must be 1 to 256 printable characters without spaces";
}

std::optional<std::string> rule_for_rule_names(std::string_view text) {
  auto allowed = [](char c) { return is_printable(c) || c == ' '; };
  if (!trimmed(text).empty() && text.size() <= max_token_bytes && std::ranges::all_of(text, allowed))
    return std::nullopt;
  return "must be 1 to 256 printable characters";
}

std::optional<std::string> rule_for_names(std::string_view text) {
  auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; };
  if (!text.empty() && text.size() <= max_name_bytes && std::ranges::all_of(text, allowed) &&
      text.front() != '-' && text.front() != '_')
    return std::nullopt;
  return "must be 1 to 64 of a-z, 0-9, \"-\" and \"_\", beginning with a letter or digit";
}

std::optional<std::string> rule_for_secret_refs(std::string_view text) {
  auto rest = [&](std::string_view prefix) -> std::optional<std::string_view> {
    if (!text.starts_with(prefix)) return std::nullopt;
    return text.substr(prefix.size());
  };
  if (auto path = rest("file:")) {
    if (!rule_for_paths(*path)) return std::nullopt;
    return "must give an absolute path after \"file:\", like \"file:/etc/hubward/root.key\"";
  }
  auto named = [](std::string_view name) {
    return !name.empty() && name.size() <= max_token_bytes && std::ranges::all_of(name, [](char c) {
      return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
    });
  };
  if (auto name = rest("env:")) {
    if (named(*name)) return std::nullopt;
    return "must give a variable's name after \"env:\", like \"env:HUBWARD_ROOT_KEY\"";
  }
  if (auto name = rest("credential:")) {
    if (named(*name)) return std::nullopt;
    return "must give a credential's name after \"credential:\", like \"credential:root-key\"";
  }
  return "must say where the secret is, not what it is: \"file:/path\", \"env:NAME\" or \"credential:name\". "
         "If a secret stood here, it is in a file that others may have read: change it where it came from";
}

}  // namespace hubward::app
