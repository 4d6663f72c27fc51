// SPDX-License-Identifier: Apache-2.0
// simulation [--seeds N] [--first-seed S] [--trace] [--break WHAT] [--expect-failure]
//
// Runs N schedules (./dev sim). The first that breaks something is printed with its seed, which replays it
// exactly. Exit code 0: none did; 1: one did; with --expect-failure the other way round; 2: wrong use.
#include <chrono>
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
  auto show = [](const char* name, std::uint64_t value) {
    std::printf("  %-52s %llu\n", name, static_cast<unsigned long long>(value));
  };
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
  auto begin = std::chrono::steady_clock::now();
  Counts sum;
  for (std::uint64_t seed = order->first; seed < order->first + order->seeds; ++seed) {
    Verdict verdict = run_schedule(seed, *broken, order->trace ? World::Trace::On : World::Trace::Off);
    sum += verdict.counts;
    if (verdict.broken.empty()) continue;
    std::printf("seed %llu: %s\n  %s\n  replay: ./dev sim --seeds 1 --trace --first-seed %llu\n",
                static_cast<unsigned long long>(seed), verdict.broken.c_str(),
                describe(weather_of(seed)).c_str(), static_cast<unsigned long long>(seed));
    return order->expect_failure ? 0 : 1;
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print(sum);
  std::printf("%llu schedules from seed %llu on in %.1f s: nothing broken\n",
              static_cast<unsigned long long>(order->seeds), static_cast<unsigned long long>(order->first),
              took.count());
  return order->expect_failure ? 1 : 0;
}
