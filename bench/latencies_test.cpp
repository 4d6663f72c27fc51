// SPDX-License-Identifier: Apache-2.0
#include "bench/latencies.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace hubward::bench {

using namespace std::chrono_literals;

TEST_CASE("percentiles agree with sorting, up to the width of a bucket") {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> all;
  Latencies latencies;
  for (int i = 0; i < 20'000; ++i) {
    auto value = static_cast<std::int64_t>(random() % (std::uint64_t(1) << (random() % 36)));
    all.push_back(value);
    latencies.record(std::chrono::nanoseconds(value));
  }
  std::ranges::sort(all);
  for (double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    auto exact = all[static_cast<std::size_t>(share * 20'000) - 1];
    auto told = latencies.percentile(share).count();
    CAPTURE(share);
    CHECK(told >= exact);
    CHECK(static_cast<double>(told) <= static_cast<double>(exact) * (1 + 1.0 / 64) + 1);
  }
  CHECK(latencies.longest().count() == all.back());
}

TEST_CASE("one slow request in a hundred is the p99's neighbour, not its value") {
  Latencies latencies;
  for (int i = 0; i < 99; ++i) latencies.record(100us);
  latencies.record(1s);
  CHECK(latencies.percentile(0.99) < 102us);
  CHECK(latencies.percentile(0.991) == 1s);
  CHECK(latencies.count() == 100);
}

TEST_CASE("nothing recorded is zero, and what is beyond reason does not break it") {
  Latencies latencies;
  CHECK(latencies.percentile(0.99) == 0ns);
  latencies.record(-5ns);
  CHECK(latencies.percentile(1) == 0ns);
  latencies.record(Latencies::Duration::max());
  CHECK(latencies.percentile(1) == Latencies::Duration::max());
}

}  // namespace hubward::bench
