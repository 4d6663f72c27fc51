// SPDX-License-Identifier: Apache-2.0
// What a simulation is told on its command line, and what it then does with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hubward::simulation {

struct Order {
  std::uint64_t seeds = 100'000, first = 1;
  bool trace = false;
  bool expect_failure = false;
  std::string broken;  // --break: what goes wrong on purpose
};
std::optional<Order> read_order(int count, char** words);

// One line of a summary.
void show(const char* name, std::uint64_t value);

struct Simulation {
  const char* command;                                 // "./dev sim": how a seed is replayed
  std::function<std::string(std::uint64_t)> run;       // what broke with this seed; empty: nothing
  std::function<std::string(std::uint64_t)> describe;  // in words
  std::function<void()> summary;
};
// Runs the seeds until one breaks something. Answers the exit code: 0 when none did; with --expect-failure
// the other way round.
int run_seeds(const Order& order, const Simulation& simulation);

}  // namespace hubward::simulation
