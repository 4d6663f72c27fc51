// SPDX-License-Identifier: Apache-2.0
// Strangers must not fill the journal: at most so many of their attempts are recorded a second, at each door
// that keeps one of these; all are counted elsewhere. One loop.
#pragma once

#include "core/clock.hpp"

namespace hubward::journal {

class StrangerRecords {
 public:
  static constexpr int most_a_second = 20;

  // Whether one more may be recorded now; it then counts.
  bool take(SteadyPoint now) {
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      taken_ = 0;
    }
    if (taken_ == most_a_second) return false;
    ++taken_;
    return true;
  }

 private:
  SteadyPoint second_{};
  int taken_ = 0;
};

}  // namespace hubward::journal
