// SPDX-License-Identifier: Apache-2.0
#include "journal/stranger_records.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::journal;

TEST_CASE("strangers get so many records a second, and the next second as many again") {
  ManualClock clock;
  StrangerRecords records;
  for (int second = 0; second < 2; ++second) {
    CAPTURE(second);
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += records.take(clock.steady()) ? 1 : 0;
    CHECK(taken == 20);
    clock.advance(std::chrono::milliseconds(999));
    CHECK_FALSE(records.take(clock.steady()));
    clock.advance(std::chrono::milliseconds(1));
  }
}
