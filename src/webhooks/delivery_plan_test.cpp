// SPDX-License-Identifier: Apache-2.0
#include "webhooks/delivery_plan.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

namespace {

const TimePoint now = from_millis(1'800'000'000'000);
using What = DeliveryDecision::What;

std::chrono::milliseconds wait_after(std::uint32_t attempts, double chance = 0.5) {
  DeliveryDecision decision = decide({.status = 500}, {attempts, now}, chance, now);
  REQUIRE(decision.what == What::Again);
  return std::chrono::duration_cast<std::chrono::milliseconds>(decision.at - now);
}

}  // namespace

TEST_CASE("what an answer means") {
  struct Case {
    AttemptOutcome outcome;
    What what;
    std::string cause;
    bool blames;
  };
  const Case cases[] = {
      {{.status = 200}, What::Delivered, "", false},
      {{.status = 204}, What::Delivered, "", false},
      {{.status = 299}, What::Delivered, "", false},
      {{.status = 302}, What::Again, "answered 302, and redirects are not followed", true},
      {{.status = 400}, What::Again, "answered 400", false},
      {{.status = 401}, What::Again, "answered 401", true},
      {{.status = 404}, What::Again, "answered 404", true},
      {{.status = 410}, What::Gone, "answered 410", true},
      {{.status = 422}, What::Again, "answered 422", false},
      {{.status = 429}, What::Again, "answered 429", true},
      {{.status = 500}, What::Again, "answered 500", true},
      {{.trouble = "it did not answer in 10 s"}, What::Again, "it did not answer in 10 s", true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.outcome.status);
    DeliveryDecision decision = decide(c.outcome, {1, now}, 0.5, now);
    CHECK(decision.what == c.what);
    CHECK(decision.cause == c.cause);
    CHECK(blames_destination(c.outcome) == c.blames);
  }
}

TEST_CASE("the schedule doubles from five seconds to four hours, give or take a fifth") {
  CHECK(wait_after(1) == 5s);
  CHECK(wait_after(2) == 10s);
  CHECK(wait_after(3) == 20s);
  CHECK(wait_after(11) == 5120s);
  CHECK(wait_after(13) == 4h);
  CHECK(wait_after(4'000'000'000) == 4h);
  CHECK(wait_after(1, 0) == 4s);
  CHECK(wait_after(1, 1) == 6s);
  CHECK(wait_after(1, 7) == 6s);
  CHECK(wait_after(0) == 5s);
}

TEST_CASE("it is tried for three days from the first attempt, and then a dead letter") {
  TimePoint time = now;
  std::uint32_t attempts = 0;
  while (true) {
    ++attempts;
    DeliveryDecision decision = decide({.status = 503}, {attempts, now}, 0.5, time);
    if (decision.what == What::Dead) {
      CHECK(decision.cause == "answered 503");
      break;
    }
    REQUIRE(decision.what == What::Again);
    CHECK(decision.at > time);
    time = decision.at;
  }
  CHECK(attempts == 29);
  CHECK(time - now > 64h);
  CHECK(time - now <= 72h);
}

TEST_CASE("a longer Retry-After is kept to, up to a day") {
  auto wait = [](std::chrono::seconds asked) {
    DeliveryDecision decision = decide({.status = 503, .retry_after = asked}, {1, now}, 0.5, now);
    return decision.at - now;
  };
  CHECK(wait(1s) == 5s);
  CHECK(wait(600s) == 600s);
  CHECK(wait(48h) == 24h);
  CHECK(wait(-5s) == 5s);
  // One that would come after the three days ends it.
  CHECK(decide({.status = 503, .retry_after = 24h}, {9, now - 50h}, 0.5, now).what == What::Dead);
}

TEST_CASE("Retry-After is seconds or one form of date") {
  CHECK(read_retry_after("120", now) == 120s);
  CHECK(read_retry_after(" 0 ", now) == 0s);
  CHECK(read_retry_after("99999999999999999", now) > 24h);
  // 1'800'000'000 is Fri, 15 Jan 2027 08:00:00 GMT.
  CHECK(read_retry_after("Fri, 15 Jan 2027 08:01:30 GMT", now) == 90s);
  CHECK(read_retry_after("Fri, 15 Jan 2027 07:00:00 GMT", now) == 0s);
  for (std::string_view wrong :
       {"", "-1", "1.5", "soon", "Fri, 15 Jan 2027 08:01:30", "Fri, 15 Foo 2027 08:01:30 GMT",
        "Fri, 31 Feb 2027 08:01:30 GMT", "Fri, 15 Jan 2027 25:01:30 GMT", "Friday, 15-Jan-27 08:01:30 GMT",
        "Fri, 1x Jan 2027 08:01:30 GMT"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_retry_after(wrong, now));
  }
}
