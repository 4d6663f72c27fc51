// SPDX-License-Identifier: Apache-2.0
// Whether a call that failed is sent again, and when (hubspot.md section 5.6). What HubSpot surely did not do
// may be sent again whatever it is; what it may have done only where doing it twice is the same as once. Not
// here: 429, which waits in its line, and 401, which waits for a token. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "hubspot/catalogue.hpp"

namespace hubward::pacing {

constexpr int most_repeats = 3;

// Whether doing it twice leaves HubSpot as doing it once does: reads, and writes that say what is to be, not
// what is to be added.
bool is_idempotent(const hubspot::Operation& operation);

struct Failed {
  int status = 0;                                   // 0: no answer came
  bool unsent = false;                              // nothing of the call has reached HubSpot
  std::optional<std::chrono::seconds> retry_after;  // as HubSpot said
};
// How long to wait before the call is sent again for the `repeats`-th time, counted from 0; nothing when it
// is not, whatever time there is. `dice`: from 0 up to 1, so that calls that failed together do not come back
// together.
std::optional<std::chrono::milliseconds> wait_before_repeat(const Failed& failed, bool idempotent,
                                                            int repeats, double dice);

// Keeps an outage from being multiplied by those who try again: repeats are a tenth of the calls, and ten in
// a row at most. Of one host.
class RepeatBudget {
 public:
  void sent();  // a call, for the first time
  bool take();  // whether one more may be sent again

 private:
  static constexpr double most = 10, share = 0.1;
  double left_ = most;
};

}  // namespace hubward::pacing
