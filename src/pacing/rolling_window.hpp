// SPDX-License-Identifier: Apache-2.0
// Which of our calls HubSpot may still be counting within a rolling window, although nobody tells when it
// counted them. A call is counted at some moment between its sending and its answer: it is held from the one
// until `span` after the other. So as long as no more than the limit are held, HubSpot never counts more than
// the limit within `span`, however long calls take and whichever overtakes which. Pure; a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/clock.hpp"

namespace hubward::pacing {

class RollingWindow {
 public:
  explicit RollingWindow(std::chrono::milliseconds span) : span_(span) {}

  // A call is sent; it ends once, at the moment by which HubSpot has surely counted it.
  void begin() { ++in_flight_; }
  void end(SteadyPoint counted_by);
  // It was not sent after all.
  void take_back();

  // Lets go of what has left by now. The others speak of the moment of the last pass().
  void pass(SteadyPoint now);
  std::size_t held() const { return in_flight_ + ended_count_; }
  std::size_t in_flight() const { return in_flight_; }
  // When the next of those that have ended leaves; nothing when there is none.
  std::optional<SteadyPoint> next_leaves() const;
  // When each of them leaves, in that order.
  std::vector<SteadyPoint> leavings() const;

  std::chrono::milliseconds span() const { return span_; }
  void set_span(std::chrono::milliseconds span) { span_ = span; }

 private:
  std::chrono::milliseconds span_;
  std::size_t in_flight_ = 0;
  // Those that ended within a ten-thousandth of the span are one, with the time of the last: so there are ten
  // thousand at most, whatever the limit. In the order of time.
  struct Ended {
    SteadyPoint from, at;
    std::size_t calls = 1;
  };
  std::deque<Ended> ended_;
  std::size_t ended_count_ = 0;
};

}  // namespace hubward::pacing
