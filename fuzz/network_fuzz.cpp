// SPDX-License-Identifier: Apache-2.0
// Addresses, networks and origins as an operator or a peer writes them: what is read is written so that it
// reads the same again, and a network holds exactly the addresses that begin with its bits. The first line is
// the network or origin, the second an address.
//
// aims at: src/gateway/network.cpp
// aims at: src/http/origin.cpp
#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "http/client.hpp"
#include "http/network.hpp"

using namespace hubward;

namespace {

using Bits = std::string;

// 128 characters '0' and '1'; IPv4 as it is mapped into IPv6.
std::optional<Bits> bits_of(std::string_view address) {
  std::string text(address);
  if (!text.contains(':')) text = (text.contains('.') ? "::ffff:" : "no IPv4: ") + text;
  std::array<unsigned char, 16> bytes{};
  if (text.contains('\0') || inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  Bits bits;
  for (unsigned byte : bytes)
    for (int i = 7; i >= 0; --i) bits.push_back((byte >> i & 1) != 0 ? '1' : '0');
  return bits;
}

bool plainly_holds(std::string_view network, std::string_view address) {
  std::string_view base = network.substr(0, network.find('/'));
  std::size_t length =
      to_number(network.substr(network.find('/') + 1)).value_or(0) + (base.contains(':') ? 0 : 96);
  std::optional<Bits> wanted = bits_of(base), given = bits_of(address);
  return wanted && given && wanted->substr(0, length) == given->substr(0, length);
}

void check_network(std::string_view text, std::string_view address) {
  std::optional<http::Network> network = http::Network::parse(text);
  if (!network) return;
  std::string written = network->text();
  std::optional<http::Network> again = http::Network::parse(written);
  invariant(again && again->text() == written, "a network is written as itself");
  invariant(bits_of(text.substr(0, text.find('/'))).has_value(), "a network begins with an address");
  for (std::string_view one :
       {address, text.substr(0, text.find('/')), std::string_view("10.1.2.3"), std::string_view("::1")})
    invariant(network->contains(one) == plainly_holds(written, one),
              "a network holds what begins with its bits");
}

void check_origin(std::string_view text) {
  Result<http::Origin> origin = http::parse_origin(text);
  if (!origin) {
    invariant(origin.error().code == "ORIGIN", "what is no origin is called that");
    return;
  }
  for (char c : origin->host)
    invariant(is_alpha(c) || is_digit(c) || std::string_view("-._:").contains(c), "a host has no odd bytes");
  invariant(origin->port != 0, "a port is one");
  Result<http::Origin> again = http::parse_origin(http::to_string(*origin));
  invariant(again && *again == *origin, "an origin is written as itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view first = input.substr(0, input.find('\n'));
  std::string_view second = input.substr(std::min(first.size() + 1, input.size()));
  check_network(first, second);
  check_origin(first);
  return 0;
}
