// SPDX-License-Identifier: Apache-2.0
// Which connection is due when, soonest first. A value of one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/clock.hpp"
#include "grants/holding.hpp"

namespace hubward::grants {

class RenewalSchedule {
 public:
  // How many are due around that time, within crowd_slot.
  static constexpr std::chrono::milliseconds crowd_slot = std::chrono::seconds(10);
  std::size_t crowd(SteadyPoint time) const {
    auto found = crowds_.find(time.time_since_epoch() / crowd_slot);
    return found == crowds_.end() ? 0 : found->second;
  }
  std::size_t size() const { return times_.size(); }
  bool has(const std::shared_ptr<Holding>& holding) const { return times_.contains(holding); }

  // In place of any earlier time; nothing takes it out.
  void set(const std::shared_ptr<Holding>& holding, std::optional<SteadyPoint> time) {
    if (auto known = times_.find(holding); known != times_.end()) {
      auto crowd = crowds_.find(known->second.time_since_epoch() / crowd_slot);
      if (--crowd->second == 0) crowds_.erase(crowd);
      order_.erase({known->second, holding});
      times_.erase(known);
    }
    if (!time) return;
    times_.emplace(holding, *time);
    order_.emplace(*time, holding);
    ++crowds_[time->time_since_epoch() / crowd_slot];
  }
  std::optional<SteadyPoint> earliest() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  // Takes one out that is due; null when none is.
  std::shared_ptr<Holding> take_due(SteadyPoint now) {
    if (order_.empty() || order_.begin()->first > now) return nullptr;
    std::shared_ptr<Holding> due = order_.begin()->second;
    set(due, std::nullopt);
    return due;
  }

 private:
  std::map<std::shared_ptr<Holding>, SteadyPoint> times_;
  std::set<std::pair<SteadyPoint, std::shared_ptr<Holding>>> order_;
  std::map<std::int64_t, std::size_t> crowds_;  // how many, by slot
};

}  // namespace hubward::grants
