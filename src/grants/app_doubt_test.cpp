// SPDX-License-Identifier: Apache-2.0
#include "grants/app_doubt.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;
using Now = AppDoubt::Now;

namespace {

ConnectionName grant(std::size_t number) {
  return {"grant-" + std::to_string(number)};
}

}  // namespace

TEST_CASE("many deaths of one app in a row put the app in doubt, with one alarm, until a grant is honoured") {
  AppDoubt app;
  SteadyPoint now{1000s};
  for (std::size_t i = 1; i < suspicious_deaths; ++i)
    CHECK(app.refused(grant(i), now += 1s) == Now::Believed);
  CHECK(app.refused(grant(98), now += 1s) == Now::Alarm);
  CHECK(app.refused(grant(99), now += 1s) == Now::InDoubt);
  CHECK(app.honoured());
  CHECK(app.refused(grant(1), now) == Now::Believed);
  CHECK_FALSE(app.honoured());
}

TEST_CASE("deaths far apart, or between grants that work, put nobody in doubt") {
  AppDoubt app;
  SteadyPoint now{1000s};
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(app.refused(grant(i), now += 1s) == Now::Believed);
    if (i % 2 == 1) app.honoured();
  }
  for (std::size_t i = 0; i < 100; ++i)
    CHECK(app.refused(grant(i), now += suspicious_time / 3) == Now::Believed);
}

TEST_CASE("one grant that is refused again and again says nothing of its app") {
  AppDoubt app;
  SteadyPoint now{1000s};
  for (int i = 0; i < 100; ++i) CHECK(app.refused(grant(1), now += 1s) == Now::Believed);
}

TEST_CASE("a doubt that nothing ends is over after an hour") {
  AppDoubt app;
  SteadyPoint now{1000s};
  for (std::size_t i = 0; i < suspicious_deaths; ++i) app.refused(grant(i), now);
  CHECK(app.refused(grant(98), now + longest_app_doubt - 1ms) == Now::InDoubt);
  CHECK(app.refused(grant(99), now + longest_app_doubt) == Now::Believed);
}
