// SPDX-License-Identifier: Apache-2.0
// simulation [--seeds N] [--first-seed S] [--trace] [--break WHAT] [--expect-failure]
//
// Runs N schedules (./dev sim). The first that breaks something is printed with its seed, which replays it
// exactly. Exit code 0: none did; 1: one did; with --expect-failure the other way round; 2: wrong use.
#include <cstdio>
#include <optional>
#include <string_view>

#include "order.hpp"
#include "schedule.hpp"

namespace {

using namespace hubward::simulation;

std::optional<Breakage> breakage(std::string_view name) {
  if (name.empty()) return Breakage::None;
  if (name == "no_fencing") return Breakage::NoFencing;
  if (name == "drops_refresh_token") return Breakage::DropsRefreshToken;
  if (name == "two_writes") return Breakage::TwoWrites;
  return std::nullopt;
}

void print(const Counts& sum) {
  show("events", sum.events);
  show("questions to HubSpot that reached it", sum.refreshes);
  show("renewals kept", sum.renewed);
  show("renewals of others adopted", sum.adopted);
  show("second questions with one generation (each excused)", sum.doubled);
  show("leases taken over", sum.takeovers);
  show("verdicts doubted", sum.doubts);
  show("grants called dead (rightly)", sum.deaths);
  show("grants lost in the one window (rotation on)", sum.lost_in_window);
  show("crashes", sum.crashes);
  show("pauses", sum.pauses);
  show("clock jumps", sum.jumps);
}

}  // namespace

int main(int count, char** words) {
  std::optional<Order> order = read_order(count, words);
  std::optional<Breakage> broken = order ? breakage(order->broken) : std::nullopt;
  if (!broken) {
    std::fputs(
        "usage: simulation [--seeds N] [--first-seed S] [--trace] [--expect-failure]\n"
        "                  [--break no_fencing|drops_refresh_token|two_writes]\n",
        stderr);
    return 2;
  }
  Counts sum;
  return run_seeds(*order, {.command = "./dev sim",
                            .run =
                                [&](std::uint64_t seed) {
                                  Verdict verdict = run_schedule(
                                      seed, *broken, order->trace ? World::Trace::On : World::Trace::Off);
                                  sum += verdict.counts;
                                  return verdict.broken;
                                },
                            .describe = [](std::uint64_t seed) { return describe(weather_of(seed)); },
                            .summary = [&] { print(sum); }});
}
