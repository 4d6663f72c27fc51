// SPDX-License-Identifier: Apache-2.0
#include "hubspot/limits.hpp"

#include <charconv>

#include "core/ascii.hpp"

namespace hubward::hubspot {
namespace {

// Above every limit that HubSpot sells by three digits, and far below where sums overflow.
constexpr std::uint32_t most = 1'000'000'000;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > most) return std::nullopt;
  return value;
}

}  // namespace

void LimitFields::note_limit(std::string_view name, std::string_view value) {
  constexpr std::string_view prefix = "x-hubspot-ratelimit-";
  if (name.size() <= prefix.size() || !same_ignoring_case(name.substr(0, prefix.size()), prefix)) return;
  name.remove_prefix(prefix.size());
  if (same_ignoring_case(name, "max")) {
    max = number(value);
  } else if (same_ignoring_case(name, "remaining")) {
    remaining = number(value);
  } else if (same_ignoring_case(name, "interval-milliseconds")) {
    constexpr std::uint32_t longest = 3'600'000;
    auto millis = number(value);
    interval.reset();
    if (millis && *millis > 0 && *millis <= longest) interval = std::chrono::milliseconds(*millis);
  } else if (same_ignoring_case(name, "daily")) {
    daily = number(value);
  } else if (same_ignoring_case(name, "daily-remaining")) {
    daily_remaining = number(value);
  }
}

}  // namespace hubward::hubspot
