// SPDX-License-Identifier: Apache-2.0
// pacing_simulation [--seeds N] [--first-seed S] [--trace] [--expect-failure]
//
// As the simulation of the refresh protocol, for pacing (./dev sim pacing).
#include <cstdio>
#include <string_view>

#include "../order.hpp"
#include "schedule.hpp"

namespace {

using namespace hubward::simulation;

void print(const PacingCounts& sum) {
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
  PacingCounts sum;
  return run_seeds(*order, {.command = "./dev sim pacing",
                            .run =
                                [&](std::uint64_t seed) {
                                  PacingVerdict verdict = run_pacing_schedule(seed, order->trace);
                                  sum += verdict.counts;
                                  return verdict.broken;
                                },
                            .describe = [](std::uint64_t seed) { return describe_pacing(seed); },
                            .summary = [&] { print(sum); }});
}
