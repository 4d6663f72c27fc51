// SPDX-License-Identifier: Apache-2.0
// What a simulation is told on its command line.
#pragma once

#include <cstdint>
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

}  // namespace hubward::simulation
