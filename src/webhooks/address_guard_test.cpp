// SPDX-License-Identifier: Apache-2.0
#include "webhooks/address_guard.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hubward;
using namespace hubward::webhooks;

TEST_CASE("only addresses of the public internet may be called") {
  for (std::string_view address :
       {"8.8.8.8", "1.1.1.1", "104.16.1.1", "172.15.255.255", "172.32.0.1", "192.169.0.1", "100.63.255.255",
        "100.128.0.1", "2606:4700::1111", "2a00:1450:4001:80e::200e", "::ffff:8.8.8.8"}) {
    CAPTURE(address);
    CHECK(is_public_address(address));
  }
  for (std::string_view address : {"0.0.0.0",
                                   "0.1.2.3",
                                   "10.0.0.1",
                                   "100.64.0.1",
                                   "127.0.0.1",
                                   "127.255.255.255",
                                   "169.254.169.254",
                                   "172.16.0.1",
                                   "172.31.255.255",
                                   "192.0.0.1",
                                   "192.168.1.1",
                                   "192.88.99.1",
                                   "198.18.0.1",
                                   "198.19.255.255",
                                   "224.0.0.1",
                                   "239.1.1.1",
                                   "240.0.0.1",
                                   "255.255.255.255",
                                   "192.0.2.1",
                                   "198.51.100.1",
                                   "203.0.113.1",
                                   "::",
                                   "::1",
                                   "fe80::1",
                                   "fc00::1",
                                   "fd00:ec2::254",
                                   "ff02::1",
                                   "2001:db8::1",
                                   "2001::1",
                                   "2002:7f00:1::",
                                   "2002:a00:1::",
                                   "64:ff9b::7f00:1",
                                   "64:ff9b:1::1",
                                   "::ffff:127.0.0.1",
                                   "::ffff:10.0.0.1",
                                   "::127.0.0.1",
                                   "100::1",
                                   "3fff::1",
                                   "5f00::1",
                                   "",
                                   "localhost",
                                   "127.1",
                                   "0x7f000001",
                                   "fe80::1%eth0",
                                   "8.8.8.8/32x"}) {
    CAPTURE(address);
    CHECK_FALSE(is_public_address(address));
  }
}

TEST_CASE("an intended internal network is let through, and nothing beside it") {
  const std::vector<http::Network> allowed = {*http::Network::parse("10.1.0.0/16"),
                                              *http::Network::parse("::1")};
  CHECK(may_be_called("10.1.2.3", allowed));
  CHECK(may_be_called("::ffff:10.1.2.3", allowed));
  CHECK(may_be_called("::1", allowed));
  CHECK(may_be_called("8.8.8.8", allowed));
  CHECK_FALSE(may_be_called("10.2.0.1", allowed));
  CHECK_FALSE(may_be_called("169.254.169.254", allowed));
  CHECK_FALSE(may_be_called("127.0.0.1", {}));
}
