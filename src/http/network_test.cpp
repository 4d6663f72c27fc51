// SPDX-License-Identifier: Apache-2.0
#include "http/network.hpp"

#include <doctest/doctest.h>

using hubward::http::Network;

TEST_CASE("a network holds the addresses of its block and no others") {
  struct Case {
    std::string_view network, address;
    bool inside;
  };
  for (auto [network, address, inside] : {
           Case{"10.0.0.0/8", "10.255.1.2", true},
           Case{"10.0.0.0/8", "11.0.0.1", false},
           Case{"10.0.0.0/8", "::ffff:10.1.2.3", true},
           Case{"192.0.2.7", "192.0.2.7", true},
           Case{"192.0.2.7", "192.0.2.8", false},
           Case{"2001:db8::/32", "2001:db8:1::5", true},
           Case{"2001:db8::/32", "2001:db9::5", false},
           Case{"0.0.0.0/0", "8.8.8.8", true},
           Case{"0.0.0.0/0", "2001:db8::1", false},
           Case{"::/0", "2001:db8::1", true},
           Case{"10.0.0.0/8", "unix", false},
           Case{"10.0.0.0/8", "", false},
       }) {
    CAPTURE(network);
    CAPTURE(address);
    auto parsed = Network::parse(network);
    REQUIRE(parsed);
    CHECK(parsed->contains(address) == inside);
  }
}

TEST_CASE("what is no clean network is refused") {
  for (std::string_view text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "host/8",
                                "10.0.0.0/8x", "2001:db8::/129", "10.0.0.0/", "010.0.0.0/8"}) {
    CAPTURE(text);
    CHECK_FALSE(Network::parse(text));
  }
  // For the C library a text ends at a zero byte; the rest would be dropped in silence.
  using namespace std::string_view_literals;
  CHECK_FALSE(Network::parse("10.0.0.0\0.1/8"sv));
  CHECK_FALSE(Network::parse("10.0.0.0/8")->contains("10.0.0.1\0x"sv));
  CHECK(Network::parse("10.0.0.0/8")->text() == "10.0.0.0/8");
  CHECK(Network::parse("2001:db8::/32")->text() == "2001:db8::/32");
  CHECK(Network::parse("192.0.2.7")->text() == "192.0.2.7/32");
}
