// SPDX-License-Identifier: Apache-2.0
#include "order.hpp"

#include <charconv>
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

}  // namespace hubward::simulation
