// SPDX-License-Identifier: Apache-2.0
#include "order.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

namespace hubward::simulation {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (trouble != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Order> read_order(int count, char** words) {
  Order order;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    if (word == "--expect-failure") {
      order.expect_failure = true;
      continue;
    }
    if (word == "--trace") {
      order.trace = true;
      continue;
    }
    if (++i == count) return std::nullopt;
    std::optional<std::uint64_t> value = number(words[i]);
    if (word == "--seeds" && value)
      order.seeds = *value;
    else if (word == "--first-seed" && value)
      order.first = *value;
    else if (word == "--break")
      order.broken = words[i];
    else
      return std::nullopt;
  }
  return order;
}

void show(const char* name, std::uint64_t value) {
  std::printf("  %-52s %llu\n", name, static_cast<unsigned long long>(value));
}

int run_seeds(const Order& order, const Simulation& simulation) {
  auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = order.first; seed < order.first + order.seeds; ++seed) {
    std::string broken = simulation.run(seed);
    if (broken.empty()) continue;
    std::printf("seed %llu: %s\n  %s\n  replay: %s --seeds 1 --trace --first-seed %llu\n",
                static_cast<unsigned long long>(seed), broken.c_str(), simulation.describe(seed).c_str(),
                simulation.command, static_cast<unsigned long long>(seed));
    return order.expect_failure ? 0 : 1;
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  simulation.summary();
  std::printf("%llu schedules from seed %llu on in %.1f s: nothing broken\n",
              static_cast<unsigned long long>(order.seeds), static_cast<unsigned long long>(order.first),
              took.count());
  return order.expect_failure ? 1 : 0;
}

}  // namespace hubward::simulation
