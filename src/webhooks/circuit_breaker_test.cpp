// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;
using State = CircuitBreaker::State;
using Attempt = CircuitBreaker::Attempt;

namespace {

// Fails until it is open.
SteadyPoint broken(CircuitBreaker& breaker, SteadyPoint now) {
  for (std::uint32_t i = 0; i < CircuitBreaker::failures_to_open; ++i) {
    CHECK(breaker.admit(now) == Attempt::Plain);
    breaker.failed(Attempt::Plain, now);
  }
  CHECK(breaker.state(now) == State::Open);
  return now;
}

}  // namespace

TEST_CASE("a few failures in a row open it, and a success between them does not let them add up") {
  CircuitBreaker breaker;
  SteadyPoint now{1h};
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 1; i < CircuitBreaker::failures_to_open; ++i) breaker.failed(Attempt::Plain, now);
    CHECK(breaker.state(now) == State::Closed);
    breaker.succeeded(Attempt::Plain);
  }
  broken(breaker, now);
  CHECK_FALSE(breaker.admit(now));
  CHECK(breaker.opens_at(now) == now + 10s);
}

TEST_CASE("after its rest one probe goes ahead, and its outcome decides") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h}) + 10s;
  CHECK(breaker.state(now) == State::HalfOpen);
  CHECK(breaker.admit(now) == Attempt::Probe);
  CHECK_FALSE(breaker.admit(now));
  breaker.undecided(Attempt::Probe);
  CHECK(breaker.admit(now) == Attempt::Probe);
  breaker.failed(Attempt::Probe, now);
  CHECK(breaker.state(now + 19s) == State::Open);
  CHECK(breaker.state(now + 20s) == State::HalfOpen);
  now += 20s;
  CHECK(breaker.admit(now) == Attempt::Probe);
  breaker.succeeded(Attempt::Probe);
  CHECK(breaker.state(now) == State::Closed);
  CHECK(breaker.admit(now) == Attempt::Plain);
  CHECK(breaker.admit(now) == Attempt::Plain);
}

TEST_CASE("the rest doubles to five minutes") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h});
  std::chrono::seconds rest = 10s;
  for (int i = 0; i < 8; ++i) {
    now += rest;
    CHECK(breaker.admit(now) == Attempt::Probe);
    breaker.failed(Attempt::Probe, now);
    rest = std::min<std::chrono::seconds>(2 * rest, 5min);
    CHECK(breaker.opens_at(now) == now + rest);
  }
  CHECK(rest == 5min);
}

TEST_CASE("what was under way when it opened decides nothing, whenever it ends") {
  enum class End { Success, Failure, Undecided };
  for (End end : {End::Success, End::Failure, End::Undecided}) {
    for (bool probing : {false, true}) {
      CircuitBreaker breaker;
      SteadyPoint now = broken(breaker, SteadyPoint{1h}) + (probing ? 10s : 5s);
      if (probing) CHECK(breaker.admit(now) == Attempt::Probe);
      if (end == End::Success) breaker.succeeded(Attempt::Plain);
      if (end == End::Failure) breaker.failed(Attempt::Plain, now);
      if (end == End::Undecided) breaker.undecided(Attempt::Plain);
      CHECK_FALSE(breaker.admit(now));
      CHECK(breaker.state(now) == (probing ? State::HalfOpen : State::Open));
      if (!probing) CHECK(breaker.opens_at(now) == now + 5s);
      now += 5s;
      if (!probing) CHECK(breaker.admit(now) == Attempt::Probe);
      breaker.failed(Attempt::Probe, now);
      CHECK(breaker.opens_at(now) == now + 20s);
    }
  }
}
