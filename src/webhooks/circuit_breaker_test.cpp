// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;
using State = CircuitBreaker::State;
using Attempt = CircuitBreaker::Attempt;

namespace {

Attempt admitted(CircuitBreaker& breaker, SteadyPoint now) {
  std::optional<Attempt> attempt = breaker.admit(now);
  REQUIRE(attempt);
  return *attempt;
}

// Fails until it is open.
SteadyPoint broken(CircuitBreaker& breaker, SteadyPoint now) {
  for (std::uint32_t i = 0; i < CircuitBreaker::failures_to_open; ++i)
    breaker.failed(admitted(breaker, now), now);
  CHECK(breaker.state(now) == State::Open);
  return now;
}

}  // namespace

TEST_CASE("a few failures in a row open it, and a success between them does not let them add up") {
  CircuitBreaker breaker;
  SteadyPoint now{1h};
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 1; i < CircuitBreaker::failures_to_open; ++i)
      breaker.failed(admitted(breaker, now), now);
    CHECK(breaker.state(now) == State::Closed);
    breaker.succeeded(admitted(breaker, now));
  }
  broken(breaker, now);
  CHECK_FALSE(breaker.admit(now));
  CHECK(breaker.opens_at() == now + 10s);
}

TEST_CASE("after its rest one probe goes ahead, and its outcome decides") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h}) + 10s;
  CHECK(breaker.state(now) == State::HalfOpen);
  CHECK(breaker.opens_at() == now);
  Attempt probe = admitted(breaker, now);
  CHECK(probe.is_probe);
  CHECK_FALSE(breaker.opens_at());
  CHECK_FALSE(breaker.admit(now));
  breaker.undecided(probe);
  probe = admitted(breaker, now);
  CHECK(probe.is_probe);
  breaker.failed(probe, now);
  CHECK(breaker.state(now + 19s) == State::Open);
  CHECK(breaker.state(now + 20s) == State::HalfOpen);
  now += 20s;
  breaker.succeeded(admitted(breaker, now));
  CHECK(breaker.state(now) == State::Closed);
  CHECK_FALSE(admitted(breaker, now).is_probe);
  CHECK_FALSE(admitted(breaker, now).is_probe);
}

TEST_CASE("the rest doubles to five minutes") {
  CircuitBreaker breaker;
  SteadyPoint now = broken(breaker, SteadyPoint{1h});
  std::chrono::seconds rest = 10s;
  for (int i = 0; i < 8; ++i) {
    now += rest;
    breaker.failed(admitted(breaker, now), now);
    rest = std::min<std::chrono::seconds>(2 * rest, 5min);
    CHECK(breaker.opens_at() == now + rest);
  }
  CHECK(rest == 5min);
}

TEST_CASE("what was under way when it opened decides nothing, whenever it ends") {
  enum class End { Success, Failure, Undecided };
  for (End end : {End::Success, End::Failure, End::Undecided}) {
    for (bool probing : {false, true}) {
      CircuitBreaker breaker;
      const Attempt stale = admitted(breaker, SteadyPoint{1h});
      SteadyPoint now = broken(breaker, SteadyPoint{1h}) + (probing ? 10s : 5s);
      std::optional<Attempt> probe;
      if (probing) probe = admitted(breaker, now);
      if (end == End::Success) breaker.succeeded(stale);
      if (end == End::Failure) breaker.failed(stale, now);
      if (end == End::Undecided) breaker.undecided(stale);
      CHECK_FALSE(breaker.admit(now));
      CHECK(breaker.state(now) == (probing ? State::HalfOpen : State::Open));
      if (!probing) CHECK(breaker.opens_at() == now + 5s);
      now += 5s;
      if (!probing) probe = admitted(breaker, now);
      CHECK(probe->is_probe);
      breaker.failed(*probe, now);
      CHECK(breaker.opens_at() == now + 20s);
    }
  }
}

TEST_CASE("nor does it when a probe has closed it since") {
  CircuitBreaker breaker;
  SteadyPoint now{1h};
  std::vector<Attempt> hung;
  for (std::uint32_t i = 0; i < CircuitBreaker::failures_to_open; ++i) hung.push_back(admitted(breaker, now));
  now = broken(breaker, now) + 10s;
  breaker.succeeded(admitted(breaker, now));
  for (Attempt old : hung) breaker.failed(old, now);
  CHECK(breaker.state(now) == State::Closed);
  // And an old success does not hide that it fails now.
  for (std::uint32_t i = 1; i < CircuitBreaker::failures_to_open; ++i)
    breaker.failed(admitted(breaker, now), now);
  breaker.succeeded(hung.front());
  breaker.failed(admitted(breaker, now), now);
  CHECK(breaker.state(now) == State::Open);
}
