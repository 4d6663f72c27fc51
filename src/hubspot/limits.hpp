// SPDX-License-Identifier: Apache-2.0
// HubSpot's rate limits: what is documented (hubspot.md section 5.1), and what an answer says of them in its
// fields (section 5.2). Pure; values; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hubward::hubspot {

// A number of calls within any stretch of time of that length.
struct RollingLimit {
  std::uint32_t calls = 0;
  std::chrono::milliseconds span{0};
  bool operator==(const RollingLimit&) const = default;
};

// Until an answer has told more: what the smallest subscription has.
constexpr RollingLimit least_static_limit{100, std::chrono::seconds(10)};
constexpr RollingLimit least_oauth_limit{110, std::chrono::seconds(10)};
// All apps of an account together; answers to searches say nothing of it.
constexpr RollingLimit search_limit{5, std::chrono::seconds(1)};
// Least and usual of the associations API, and of forms that are submitted without a token.
constexpr RollingLimit associations_limit{100, std::chrono::seconds(10)};
constexpr RollingLimit forms_limit{50, std::chrono::seconds(10)};

// What the fields X-HubSpot-RateLimit-… of one answer say. A number that is none, or that nobody could mean,
// counts as not there.
struct LimitFields {
  std::optional<std::uint32_t> max, remaining;
  std::optional<std::chrono::milliseconds> interval;
  std::optional<std::uint32_t> daily, daily_remaining;

  // Takes a field of any name; those that say nothing of limits change nothing.
  void note(std::string_view name, std::string_view value) {
    // Most fields of an answer are told by length and one letter: "X-HubSpot-RateLimit-".
    constexpr std::size_t shortest = 23, letter = 10;
    if (name.size() >= shortest && (name[letter] | 0x20) == 'r') note_limit(name, value);
  }

 private:
  void note_limit(std::string_view name, std::string_view value);
};

}  // namespace hubward::hubspot
