// SPDX-License-Identifier: Apache-2.0
// A block of addresses in CIDR form (RFC 4632, RFC 4291 section 2.3), for clients that may call from some
// networks only. IPv4-mapped IPv6 addresses count as IPv4. Values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubward::http {

class Network {
 public:
  // "10.0.0.0/8", "192.0.2.7", "2001:db8::/32". Bits behind the prefix must be zero: "10.0.0.1/8" is a
  // mistake.
  static std::optional<Network> parse(std::string_view text);
  bool contains(std::string_view address) const;  // false for what is no address
  std::string text() const;

 private:
  using Address = std::array<std::uint8_t, 16>;
  static std::optional<Address> parse_address(std::string_view text);

  Address address_{};
  int prefix_ = 128;  // of 128; IPv4 blocks lie in ::ffff:0:0/96
};

}  // namespace hubward::http
