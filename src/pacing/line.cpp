// SPDX-License-Identifier: Apache-2.0
#include "pacing/line.hpp"

#include <algorithm>

namespace hubward::pacing {

Line::Asked Line::ask(const Claim& claim, SteadyPoint now, SteadyPoint deadline) {
  if (queue_.empty() && budget_.has_room(now)) {
    last_went_ = now;
    return {.verdict = Asked::Verdict::Go, .place = budget_.take(now)};
  }
  SteadyPoint turn = budget_.turn_of(queue_.ahead_of(claim) + 1, not_before(now), now);
  auto bound = std::chrono::duration_cast<std::chrono::nanoseconds>(turn - now);
  if (queue_.size() >= longest_) return {.verdict = Asked::Verdict::Full, .bound = bound};
  if (turn > deadline) return {.verdict = Asked::Verdict::TooLate, .bound = bound};
  Number number = ++last_number_;
  queue_.push(number, claim);
  deadline_of_.emplace(number, deadline);
  by_deadline_.emplace(deadline, number);
  return {.verdict = Asked::Verdict::Wait, .number = number, .bound = bound};
}

std::optional<Line::Turn> Line::next_turn(SteadyPoint now) {
  if (queue_.empty()) return std::nullopt;
  if (auto [deadline, number] = *by_deadline_.begin(); deadline < now) {
    queue_.remove(number);
    forget(number);
    return Turn{number, std::nullopt};
  }
  if (not_before(now) > now || !budget_.has_room(now)) return std::nullopt;
  Number number = queue_.pop();
  forget(number);
  last_went_ = now;
  return Turn{number, budget_.take(now)};
}

std::optional<SteadyPoint> Line::wakes_at(SteadyPoint now) {
  if (queue_.empty()) return std::nullopt;
  SteadyPoint next = by_deadline_.begin()->first + std::chrono::nanoseconds(1);
  std::optional<SteadyPoint> room = budget_.has_room(now) ? now : budget_.next_room(now);
  if (room) next = std::min(next, std::max(*room, not_before(now)));
  if (std::optional<SteadyPoint> terms = budget_.terms_change(now)) next = std::min(next, *terms);
  return next;
}

void Line::leave(Number number) {
  if (queue_.remove(number)) forget(number);
}

// As long as anybody waits, two calls keep their distance.
SteadyPoint Line::not_before(SteadyPoint now) {
  return last_went_ ? std::max(now, *last_went_ + budget_.spacing(now)) : now;
}

void Line::forget(Number number) {
  auto found = deadline_of_.find(number);
  by_deadline_.erase({found->second, number});
  deadline_of_.erase(found);
}

}  // namespace hubward::pacing
