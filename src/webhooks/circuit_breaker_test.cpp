// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;
using State = CircuitBreaker::State;

namespace {

// Fails until it is open.
SteadyPoint broken(CircuitBreaker& breaker, SteadyPoint now) {
  for (std::uint32_t i = 0; i < CircuitBreaker::failures_to_open; ++i) {
    CHECK(breaker.admits(now));
    breaker.failed(now);
  }
  CHECK(breaker.state(now) == State::Open);
  return now;
}

}  // namespace

TEST_CASE("a few failures in a row open it, and a success between them does not let them add up") {
  CircuitBreaker breaker;
  SteadyPoint now{1h};
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 1; i < CircuitBreaker::failures_to_open; ++i) breaker.failed(now);
    CHECK(breaker.state(now) == State::Closed);
    breaker.succeeded();
  }
  broken(breaker, now);
  CHECK_FALSE(breaker.admits(now));
  CHECK(breaker.opens_at(now) == now + 10s);
}

TEST_CASE("after its rest one probe goes ahead, and its outcome decides") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h}) + 10s;
  CHECK(breaker.state(now) == State::HalfOpen);
  CHECK(breaker.admits(now));
  CHECK_FALSE(breaker.admits(now));
  breaker.undecided();
  CHECK(breaker.admits(now));
  breaker.failed(now);
  CHECK(breaker.state(now + 19s) == State::Open);
  CHECK(breaker.state(now + 20s) == State::HalfOpen);
  now += 20s;
  CHECK(breaker.admits(now));
  breaker.succeeded();
  CHECK(breaker.state(now) == State::Closed);
  CHECK(breaker.admits(now));
  CHECK(breaker.admits(now));
}

TEST_CASE("the rest doubles to five minutes, and what was under way when it opened does not prolong it") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h});
  breaker.failed(now + 5s);
  CHECK(breaker.opens_at(now + 5s) == now + 10s);
  std::chrono::seconds rest = 10s;
  for (int i = 0; i < 8; ++i) {
    now += rest;
    CHECK(breaker.admits(now));
    breaker.failed(now);
    rest = std::min<std::chrono::seconds>(2 * rest, 5min);
    CHECK(breaker.opens_at(now) == now + rest);
  }
  CHECK(rest == 5min);
}
