// SPDX-License-Identifier: Apache-2.0
// The line before one budget: who may go at once, who waits and for how long at most, who is told at once
// that waiting would not help. While anybody waits, calls go spread over the window instead of all at its
// beginning, so that whoever comes next need not wait for a whole one. Pure: told the time, it answers; the
// Pacer does the waiting. One loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "pacing/budget.hpp"
#include "pacing/fair_queue.hpp"

namespace hubward::pacing {

class Line {
 public:
  Line(hubspot::RollingLimit documented, std::size_t longest,
       Budget::Answers answers = Budget::Answers::SayNothing)
      : budget_(documented, answers), longest_(longest) {}

  using Number = FairQueue::Number;
  struct Asked {
    enum class Verdict : std::uint8_t {
      Go,       // now; `place` is taken
      Wait,     // under `number`
      TooLate,  // it could not go before its deadline
      Full,     // as many wait as may
    } verdict = Verdict::Go;
    Budget::Place place;
    Number number = 0;
    std::chrono::nanoseconds bound{0};  // how long it waits, or would, as things are: see ahead_of()
  };
  Asked ask(const Claim& claim, SteadyPoint now, SteadyPoint deadline);

  // Whose turn it is now, if anybody's: with a place, or without because its deadline is over. Asked again
  // until it says nobody, whenever something changed and at wakes_at().
  struct Turn {
    Number number = 0;
    std::optional<Budget::Place> place;
  };
  std::optional<Turn> next_turn(SteadyPoint now);
  // Nothing while only the end of a call, or a newcomer, can change anything.
  std::optional<SteadyPoint> wakes_at(SteadyPoint now);

  void leave(Number number);  // its caller is gone
  std::size_t waiting() const { return queue_.size(); }
  // What became of places is told to it.
  Budget& budget() { return budget_; }
  void set_longest(std::size_t longest) { longest_ = longest; }

 private:
  SteadyPoint not_before(SteadyPoint now);
  void forget(Number number);

  Budget budget_;
  std::size_t longest_;
  FairQueue queue_;
  Number last_number_ = 0;
  std::optional<SteadyPoint> last_went_;
  std::unordered_map<Number, SteadyPoint> deadline_of_;
  std::set<std::pair<SteadyPoint, Number>> by_deadline_;
};

}  // namespace hubward::pacing
