// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

using namespace hubward::app;

TEST_CASE("the process asks for all descriptors that it may have") {
  std::size_t count = raise_descriptor_limit();
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(count <= limit.rlim_cur);
  CHECK(raise_descriptor_limit() == count);
}

TEST_CASE("strangers never get more than a quarter of the descriptors, and no door none") {
  CHECK(door_shares(10'000, 1'000'000).egress == 10'000);
  CHECK(door_shares(10'000, 1'000'000).outside == 10'000);
  CHECK(door_shares(10'000, 1024).egress == 512);
  CHECK(door_shares(10'000, 1024).outside == 256);
  CHECK(door_shares(10, 1024).outside == 10);
  CHECK(door_shares(10'000, 2).outside == 1);
}
