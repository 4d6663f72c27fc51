// SPDX-License-Identifier: Apache-2.0
// The day of an account's static tokens: how many calls HubSpot has left for it, and who may still have them.
// The last of it is kept for what is urgent: bulk stops first, then normal calls. Only answers say how things
// stand, and they say nothing of when the day ends; midnight, wherever the account is, is a quarter of an
// hour in UTC (hubspot.md section 5.1), so after each quarter one call may ask anew. Pure; one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "hubspot/limits.hpp"
#include "pacing/fair_queue.hpp"

namespace hubward::pacing {

class Day {
 public:
  // `reserve_percent` of the day is kept from bulk, half of that from normal calls. At most 100.
  explicit Day(std::uint32_t reserve_percent) : reserve_percent_(reserve_percent) {}

  // Nothing when a call may go; else how long it is until asking can help.
  std::optional<std::chrono::milliseconds> wait(Priority priority, TimePoint now) const;
  // Counts one that goes; its number.
  std::uint64_t take(Priority priority, TimePoint now);
  void unsent();
  // An answer to the call of this number.
  void answered(std::uint64_t number, TimePoint now, const hubspot::LimitFields& told);
  // HubSpot answered 429 DAILY.
  void refused(std::uint64_t number, TimePoint now);
  void set_reserve(std::uint32_t percent) { reserve_percent_ = percent; }

  struct View {
    std::uint32_t limit = 0, left = 0;
    TimePoint heard;
  };
  std::optional<View> view() const;  // nothing before HubSpot has told

 private:
  bool is_kept_from(Priority priority) const;
  TimePoint last_asked() const;

  std::uint32_t reserve_percent_;
  std::uint64_t taken_ = 0, heard_ = 0;
  std::optional<View> known_;  // `left` without those that were taken since
  std::optional<TimePoint> asked_;
};

}  // namespace hubward::pacing
