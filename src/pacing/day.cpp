// SPDX-License-Identifier: Apache-2.0
#include "pacing/day.hpp"

#include <algorithm>

namespace hubward::pacing {
namespace {

using Quarters = std::chrono::duration<std::int64_t, std::ratio<900>>;

auto quarter_of(TimePoint time) {
  return std::chrono::floor<Quarters>(time);
}

}  // namespace

std::optional<std::chrono::milliseconds> Day::wait(Priority priority, TimePoint now) const {
  if (!is_kept_from(priority) || quarter_of(now) > quarter_of(last_asked())) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(quarter_of(last_asked()) + Quarters(1) - now);
}

std::uint64_t Day::take(Priority priority, TimePoint now) {
  if (is_kept_from(priority)) asked_ = now;
  if (known_ && known_->left > 0) --known_->left;
  return ++taken_;
}

void Day::unsent() {
  if (known_) known_->left = std::min(known_->left + 1, known_->limit);
}

void Day::answered(std::uint64_t number, TimePoint now, const hubspot::LimitFields& told) {
  if (number < heard_ || !told.daily || !told.daily_remaining) return;
  heard_ = number;
  auto since = static_cast<std::uint32_t>(std::min<std::uint64_t>(taken_ - number, *told.daily_remaining));
  known_ = View{*told.daily, *told.daily_remaining - since, now};
}

void Day::refused(std::uint64_t number, TimePoint now) {
  if (number < heard_) return;
  heard_ = number;
  known_ = View{known_ ? known_->limit : 0, 0, now};
}

std::optional<Day::View> Day::view() const {
  return known_;
}

bool Day::is_kept_from(Priority priority) const {
  if (!known_) return false;
  auto whole = static_cast<std::uint32_t>(std::uint64_t{known_->limit} * reserve_percent_ / 100);
  switch (priority) {
    case Priority::Interactive: return known_->left == 0;
    case Priority::Normal: return known_->left <= whole / 2;
    case Priority::Bulk: break;
  }
  return known_->left <= whole;
}

TimePoint Day::last_asked() const {
  return std::max(known_->heard, asked_.value_or(known_->heard));
}

}  // namespace hubward::pacing
