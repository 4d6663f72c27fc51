// SPDX-License-Identifier: Apache-2.0
// Virtual time: what happens, in order, and chance from a seed. The same seed gives the same run, to the last
// event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/clock.hpp"

namespace hubward::simulation {

using Millis = std::chrono::milliseconds;

class Timeline {
 public:
  explicit Timeline(std::uint64_t seed) : state_(seed) {}

  SteadyPoint now() const { return now_; }
  void at(SteadyPoint time, std::move_only_function<void()> what) {
    events_.emplace(std::pair(std::max(time, now_), ++numbered_), std::move(what));
  }
  void in(Millis wait, std::move_only_function<void()> what) { at(now_ + wait, std::move(what)); }
  void run_until(SteadyPoint end) {
    while (!events_.empty() && events_.begin()->first.first <= end) {
      auto next = events_.extract(events_.begin());
      now_ = next.key().first;
      next.mapped()();
    }
    now_ = end;
  }
  std::uint64_t happened() const { return numbered_ - events_.size(); }

  // --- Chance (splitmix64) ---

  std::uint64_t draw() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  double fraction() { return static_cast<double>(draw() >> 11U) / 9007199254740992.0; }
  bool chance(double probability) { return fraction() < probability; }
  Millis between(Millis low, Millis high) {
    return low +
           Millis(static_cast<Millis::rep>(draw() % static_cast<std::uint64_t>((high - low).count() + 1)));
  }

 private:
  std::uint64_t state_;
  SteadyPoint now_{std::chrono::hours(1000)};
  std::uint64_t numbered_ = 0;
  std::map<std::pair<SteadyPoint, std::uint64_t>, std::move_only_function<void()>> events_;
};

}  // namespace hubward::simulation
