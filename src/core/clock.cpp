// SPDX-License-Identifier: Apache-2.0
#include "core/clock.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hubward {

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
