// SPDX-License-Identifier: Apache-2.0
// What counts as one address where strangers are counted: an IPv4 address, or the /64 of an IPv6 address,
// since whoever has one address of a /64 has them all (RFC 6177, RFC 8981). A value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace hubward::http {

struct AddressKey {
  std::uint64_t network = 0;  // the upper half of an IPv6 address; 0 for IPv4
  std::uint64_t host = 0;     // an IPv4 address as ::ffff:a.b.c.d has it; 0 for IPv6

  // As in Peer::address. What is no address ("unix") has a key of its own.
  static AddressKey of(const std::string& address);
  auto operator<=>(const AddressKey&) const = default;
};

}  // namespace hubward::http
