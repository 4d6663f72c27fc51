// SPDX-License-Identifier: Apache-2.0
#include "http/network.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "core/ascii.hpp"

namespace hubward::http {
namespace {

constexpr int mapped_prefix = 96;
constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool bit(const std::array<std::uint8_t, 16>& address, int index) {
  return (address[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

}  // namespace

std::optional<Network::Address> Network::parse_address(std::string_view text) {
  constexpr std::size_t longest = INET6_ADDRSTRLEN;
  if (text.empty() || text.size() >= longest || text.contains('\0')) return std::nullopt;
  std::string terminated(text);
  Address address{};
  if (::inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  std::ranges::copy(mapped, address.begin());
  if (::inet_pton(AF_INET, terminated.c_str(), address.data() + mapped.size()) == 1) return address;
  return std::nullopt;
}

std::optional<Network> Network::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  std::optional<Address> address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;

  Network network;
  network.address_ = *address;
  if (slash != std::string_view::npos) {
    std::optional<std::uint64_t> bits = to_number(text.substr(slash + 1));
    if (!bits || *bits > (is_v4 ? 32U : 128U)) return std::nullopt;
    network.prefix_ = static_cast<int>(*bits) + (is_v4 ? mapped_prefix : 0);
  }
  for (int i = network.prefix_; i < 128; ++i)
    if (bit(network.address_, i)) return std::nullopt;
  return network;
}

bool Network::contains(std::string_view text) const {
  std::optional<Address> address = parse_address(text);
  if (!address) return false;
  for (int i = 0; i < prefix_; ++i)
    if (bit(*address, i) != bit(address_, i)) return false;
  return true;
}

std::string Network::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  bool is_v4 = prefix_ >= mapped_prefix && std::equal(mapped.begin(), mapped.end(), address_.begin());
  if (is_v4) {
    ::inet_ntop(AF_INET, address_.data() + mapped.size(), buffer, sizeof buffer);
    return fmt::format("{}/{}", buffer, prefix_ - mapped_prefix);
  }
  ::inet_ntop(AF_INET6, address_.data(), buffer, sizeof buffer);
  return fmt::format("{}/{}", buffer, prefix_);
}

}  // namespace hubward::http
