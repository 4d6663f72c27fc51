// SPDX-License-Identifier: Apache-2.0
#include "pacing/rolling_window.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace hubward::pacing {

void RollingWindow::end(SteadyPoint counted_by) {
  invariant(in_flight_ > 0, "a call ends that never began");
  --in_flight_;
  ++ended_count_;
  // Nearly always the latest; one whose answer never came is held a little longer and comes out of turn.
  auto after = ended_.end();
  while (after != ended_.begin() && std::prev(after)->at > counted_by) --after;
  constexpr int grain = 10'000;
  if (after == ended_.end() && !ended_.empty() && counted_by - ended_.back().from <= span_ / grain) {
    ended_.back().at = counted_by;
    ++ended_.back().calls;
    return;
  }
  ended_.insert(after, Ended{counted_by, counted_by});
}

void RollingWindow::take_back() {
  invariant(in_flight_ > 0, "a call is taken back that never began");
  --in_flight_;
}

void RollingWindow::pass(SteadyPoint now) {
  while (!ended_.empty() && ended_.front().at + span_ <= now) {
    ended_count_ -= ended_.front().calls;
    ended_.pop_front();
  }
}

std::optional<SteadyPoint> RollingWindow::next_leaves() const {
  if (ended_.empty()) return std::nullopt;
  return ended_.front().at + span_;
}

std::vector<SteadyPoint> RollingWindow::leavings() const {
  std::vector<SteadyPoint> all;
  all.reserve(ended_count_);
  for (const Ended& one : ended_) all.insert(all.end(), one.calls, one.at + span_);
  return all;
}

}  // namespace hubward::pacing
