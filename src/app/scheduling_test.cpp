// SPDX-License-Identifier: Apache-2.0
#include "app/scheduling.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include <thread>

namespace hubward::app {

TEST_CASE(
    "asking for short turns leaves policy and niceness as they were, whatever the kernel thinks of it") {
  std::thread([] {
    int policy = sched_getscheduler(0);
    prefer_short_turns();
    CHECK(sched_getscheduler(0) == policy);
  }).join();
  std::thread([] {
    sched_param none{};
    REQUIRE(sched_setscheduler(0, SCHED_BATCH, &none) == 0);
    CHECK_FALSE(prefer_short_turns());  // an operator chose otherwise
    CHECK(sched_getscheduler(0) == SCHED_BATCH);
  }).join();
}

}  // namespace hubward::app
