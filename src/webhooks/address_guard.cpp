// SPDX-License-Identifier: Apache-2.0
#include "webhooks/address_guard.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/invariant.hpp"

namespace hubward::webhooks {
namespace {

// IPv4-mapped addresses count as IPv4 (http/network.hpp). Of IPv6 only global unicast, 2000::/3, is public.
constexpr std::array<std::string_view, 25> special = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",      "::/3",
    "4000::/2",      "8000::/2",        "c000::/2",       "64:ff9b::/96",   "64:ff9b:1::/48"};

const std::vector<http::Network>& special_networks() {
  static const std::vector<http::Network> networks = [] {
    std::vector<http::Network> parsed;
    for (std::string_view text : special) {
      auto network = http::Network::parse(text);
      invariant(network.has_value(), "the special networks are written correctly");
      parsed.push_back(*network);
    }
    return parsed;
  }();
  return networks;
}

// What an address is as a network; an IPv4-mapped one lies in ::/3 and is IPv4 all the same.
bool is_ipv4(std::string_view address) {
  static const http::Network all = *http::Network::parse("0.0.0.0/0");
  return all.contains(address);
}

}  // namespace

bool is_public_address(std::string_view address) {
  if (!http::Network::parse(address)) return false;
  bool ipv4 = is_ipv4(address);
  return std::ranges::none_of(special_networks(), [&](const http::Network& network) {
    bool about_ipv4 = !network.text().contains(':');
    return about_ipv4 == ipv4 && network.contains(address);
  });
}

bool may_be_called(std::string_view address, std::span<const http::Network> allowed) {
  if (is_public_address(address)) return true;
  return std::ranges::any_of(allowed,
                             [&](const http::Network& network) { return network.contains(address); });
}

}  // namespace hubward::webhooks
