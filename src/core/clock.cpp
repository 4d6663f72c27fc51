// SPDX-License-Identifier: Apache-2.0
#include "core/clock.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/ascii.hpp"

namespace hubward {
namespace {

// "12:30:15Z", "12:30:15.250Z"
std::optional<std::chrono::milliseconds> read_time_of_day(std::string_view text) {
  constexpr std::size_t before_fraction = 8, longest = 19;
  if (text.size() <= before_fraction || text.size() > longest || !text.ends_with('Z')) return std::nullopt;
  if (text[2] != ':' || text[5] != ':') return std::nullopt;
  auto hours = to_number(text.substr(0, 2)), minutes = to_number(text.substr(3, 2)),
       seconds = to_number(text.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  std::uint64_t millis = 0;
  std::string_view fraction = text.substr(before_fraction, text.size() - before_fraction - 1);
  if (!fraction.empty()) {
    if (fraction[0] != '.' || !to_number(fraction.substr(1))) return std::nullopt;
    std::string digits(fraction.substr(1));
    digits.resize(3, '0');
    millis = *to_number(digits);
  }
  return std::chrono::milliseconds(((*hours * 60 + *minutes) * 60 + *seconds) * 1000 + millis);
}

}  // namespace

std::optional<TimePoint> from_iso8601(std::string_view text) {
  constexpr std::size_t of_date = 10;
  if (text.size() < of_date || text[4] != '-' || text[7] != '-') return std::nullopt;
  auto year = to_number(text.substr(0, 4)), month = to_number(text.substr(5, 2)),
       day = to_number(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                   std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  TimePoint midnight = std::chrono::sys_days(date);
  if (text.size() == of_date) return midnight;
  if (text[of_date] != 'T') return std::nullopt;
  auto time = read_time_of_day(text.substr(of_date + 1));
  return time ? std::optional(midnight + *time) : std::nullopt;
}

std::string to_iso8601(TimePoint time) {
  using namespace std::chrono;
  // Years have four digits: what lies before or behind them is shown as the first or the last moment that
  // has.
  constexpr TimePoint first = sys_days(year(0) / 1 / 1), last = sys_days(year(10'000) / 1 / 1) - 1ms;
  time = std::clamp(time, first, last);
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace hubward
