// SPDX-License-Identifier: Apache-2.0
#include "grants/token_calendar.hpp"

namespace hubward::grants {
namespace {

std::string days(std::int64_t number) {
  return std::to_string(number) + (number == 1 ? " day" : " days");
}

std::string date_of(TimePoint time) {
  constexpr std::size_t date_length = 10;
  return to_iso8601(time).substr(0, date_length);
}

}  // namespace

TimePoint due_at(const TokenBirth& birth) {
  return birth.at + static_token_life;
}

std::int64_t days_left(const TokenBirth& birth, TimePoint now) {
  return std::chrono::floor<std::chrono::days>(due_at(birth) - now).count();
}

std::optional<int> warning(const TokenBirth& birth, TimePoint now) {
  std::optional<int> reached;
  for (int days : warning_days)
    if (due_at(birth) - now <= std::chrono::days(days)) reached = days;
  return reached;
}

std::optional<int> fresh_warning(const TokenBirth& birth, TimePoint now, std::optional<int> given) {
  std::optional<int> reached = warning(birth, now);
  return reached && (!given || *reached < *given) ? reached : std::nullopt;
}

std::string calendar_sentence(const TokenBirth& birth, TimePoint now) {
  std::int64_t left = days_left(birth, now);
  std::int64_t age = std::chrono::floor<std::chrono::days>(now - birth.at).count();
  std::string due = left >= 0 ? "due in " + days(left) + ", on " : "overdue by " + days(-left) + ", since ";
  return "the token is " + days(age) + " old and " + due + date_of(due_at(birth)) +
         (birth.stated
              ? ""
              : "; its age is counted from the day it was added, since nobody stated when it was made");
}

}  // namespace hubward::grants
