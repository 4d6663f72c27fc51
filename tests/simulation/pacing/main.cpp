// SPDX-License-Identifier: Apache-2.0
// pacing_simulation [--seeds N] [--first-seed S] [--trace] [--expect-failure]
//
// As the simulation of the refresh protocol, for pacing (./dev sim pacing).
#include <chrono>
#include <cstdio>
#include <string_view>

#include "../order.hpp"
#include "schedule.hpp"

namespace {

using namespace hubward::simulation;

void print(const PacingCounts& sum) {
  auto show = [](const char* name, std::uint64_t value) {
    std::printf("  %-52s %llu\n", name, static_cast<unsigned long long>(value));
  };
  show("calls that wanted to go", sum.asked);
  show("went", sum.went);
  show("waited first", sum.waited);
  show("told at once that it would be too late", sum.too_late);
  show("waited until their deadline", sum.expired);
  show("hung up while they waited", sum.left);
  show("found the queue full", sum.full);
  show("schedules in which others spend, too", sum.probed_others);
  show("  calls in these", sum.calls_of_those);
  show("  of which HubSpot refused", sum.refused);
}

}  // namespace

int main(int count, char** words) {
  std::optional<Order> order = read_order(count, words);
  if (!order || !order->broken.empty()) {
    std::fputs("usage: pacing_simulation [--seeds N] [--first-seed S] [--trace] [--expect-failure]\n",
               stderr);
    return 2;
  }
  auto begin = std::chrono::steady_clock::now();
  PacingCounts sum;
  for (std::uint64_t seed = order->first; seed < order->first + order->seeds; ++seed) {
    PacingVerdict verdict = run_pacing_schedule(seed, order->trace);
    sum += verdict.counts;
    if (verdict.broken.empty()) continue;
    std::printf("seed %llu: %s\n  %s\n  replay: ./dev sim pacing --seeds 1 --trace --first-seed %llu\n",
                static_cast<unsigned long long>(seed), verdict.broken.c_str(), describe_pacing(seed).c_str(),
                static_cast<unsigned long long>(seed));
    return order->expect_failure ? 0 : 1;
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print(sum);
  std::printf("%llu schedules from seed %llu on in %.1f s: nothing broken\n",
              static_cast<unsigned long long>(order->seeds), static_cast<unsigned long long>(order->first),
              took.count());
  return order->expect_failure ? 1 : 0;
}
