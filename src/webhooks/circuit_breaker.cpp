// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <algorithm>

namespace hubward::webhooks {

CircuitBreaker::State CircuitBreaker::state(SteadyPoint now) const {
  if (!until_) return State::Closed;
  return now < *until_ ? State::Open : State::HalfOpen;
}

std::optional<SteadyPoint> CircuitBreaker::opens_at(SteadyPoint now) const {
  if (state(now) != State::Open) return std::nullopt;
  return until_;
}

std::optional<CircuitBreaker::Attempt> CircuitBreaker::admit(SteadyPoint now) {
  if (state(now) == State::Closed) return Attempt::Plain;
  if (state(now) == State::Open || probing_) return std::nullopt;
  probing_ = true;
  return Attempt::Probe;
}

void CircuitBreaker::succeeded(Attempt attempt) {
  if (until_ && attempt == Attempt::Plain) return;
  *this = CircuitBreaker();
}

void CircuitBreaker::failed(Attempt attempt, SteadyPoint now) {
  if (until_ && attempt == Attempt::Plain) return;
  ++failures_;
  if (attempt == Attempt::Probe) {
    probing_ = false;
    rest_ = std::min<std::chrono::seconds>(2 * rest_, longest_rest);
  } else if (failures_ < failures_to_open) {
    return;
  }
  until_ = now + rest_;
}

void CircuitBreaker::undecided(Attempt attempt) {
  if (attempt == Attempt::Probe) probing_ = false;
}

}  // namespace hubward::webhooks
