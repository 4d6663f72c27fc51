// SPDX-License-Identifier: Apache-2.0
#include "pacing/rolling_window.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace hubward::pacing {

void RollingWindow::end(SteadyPoint counted_by) {
  invariant(in_flight_ > 0, "a call ends that never began");
  --in_flight_;
  // Nearly always the latest; one whose answer never came is held a little longer and comes out of turn.
  auto after = ended_.end();
  while (after != ended_.begin() && *std::prev(after) > counted_by) --after;
  ended_.insert(after, counted_by);
}

void RollingWindow::take_back() {
  invariant(in_flight_ > 0, "a call is taken back that never began");
  --in_flight_;
}

void RollingWindow::pass(SteadyPoint now) {
  while (!ended_.empty() && ended_.front() + span_ <= now) ended_.pop_front();
}

std::optional<SteadyPoint> RollingWindow::leaves(std::size_t n) const {
  if (n >= ended_.size()) return std::nullopt;
  return ended_[n] + span_;
}

}  // namespace hubward::pacing
