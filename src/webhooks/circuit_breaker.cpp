// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <algorithm>

namespace hubward::webhooks {

CircuitBreaker::State CircuitBreaker::state(SteadyPoint now) const {
  if (!until_) return State::Closed;
  return now < *until_ ? State::Open : State::HalfOpen;
}

std::optional<SteadyPoint> CircuitBreaker::opens_at() const {
  return probing_ ? std::nullopt : until_;
}

std::optional<CircuitBreaker::Attempt> CircuitBreaker::admit(SteadyPoint now) {
  if (state(now) == State::Closed) return Attempt{false, opened_};
  if (state(now) == State::Open || probing_) return std::nullopt;
  probing_ = true;
  return Attempt{true, opened_};
}

void CircuitBreaker::succeeded(Attempt attempt) {
  if (!counts(attempt)) return;
  std::uint32_t opened = opened_;
  *this = CircuitBreaker();
  opened_ = opened;
}

void CircuitBreaker::failed(Attempt attempt, SteadyPoint now) {
  if (!counts(attempt)) return;
  ++failures_;
  if (attempt.is_probe) {
    probing_ = false;
    rest_ = std::min<std::chrono::seconds>(2 * rest_, longest_rest);
  } else if (failures_ < failures_to_open) {
    return;
  }
  ++opened_;
  until_ = now + rest_;
}

void CircuitBreaker::undecided(Attempt attempt) {
  if (attempt.is_probe) probing_ = false;
}

}  // namespace hubward::webhooks
