// SPDX-License-Identifier: Apache-2.0
// When a private-app token or service key should be replaced, and who is told when (hubspot.md section 2.1:
// HubSpot reminds after 180 days; a rotation may keep both tokens for 7). HubSpot does not say when a token
// was made: only whoever made it knows. Pure; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"

namespace hubward::grants {

constexpr std::chrono::days static_token_life{180};
// After a rotation at HubSpot that keeps the old token, it ends by itself at the latest after this.
constexpr std::chrono::days token_overlap{7};
// Warned of when so many days are left, once each; 0: overdue.
constexpr std::array<int, 5> warning_days = {30, 14, 7, 1, 0};

// When a token was made: as whoever added it said, or else the moment it was added.
struct TokenBirth {
  TimePoint at{};
  bool stated = false;
  bool operator==(const TokenBirth&) const = default;
};

TimePoint due_at(const TokenBirth& birth);
// Whole days that are left, rounded down: 0 on the last day, below zero when overdue.
std::int64_t days_left(const TokenBirth& birth, TimePoint now);
// The tightest of warning_days that is reached; nothing while more than 30 days are left.
std::optional<int> warning(const TokenBirth& birth, TimePoint now);
// What is to be warned of now, when `given` was warned of last.
std::optional<int> fresh_warning(const TokenBirth& birth, TimePoint now, std::optional<int> given);

// "the token is 150 days old and due in 30 days, on 2026-11-28; its age is as stated": for a person.
std::string calendar_sentence(const TokenBirth& birth, TimePoint now);

}  // namespace hubward::grants
