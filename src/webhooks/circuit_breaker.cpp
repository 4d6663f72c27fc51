// SPDX-License-Identifier: Apache-2.0
#include "webhooks/circuit_breaker.hpp"

#include <algorithm>
#include <utility>

namespace hubward::webhooks {

CircuitBreaker::State CircuitBreaker::state(SteadyPoint now) const {
  if (!until_) return State::Closed;
  return now < *until_ ? State::Open : State::HalfOpen;
}

std::optional<SteadyPoint> CircuitBreaker::opens_at(SteadyPoint now) const {
  if (state(now) != State::Open) return std::nullopt;
  return until_;
}

bool CircuitBreaker::admits(SteadyPoint now) {
  if (state(now) == State::Closed) return true;
  if (state(now) == State::Open || probing_) return false;
  probing_ = true;
  return true;
}

void CircuitBreaker::succeeded() {
  *this = CircuitBreaker();
}

void CircuitBreaker::failed(SteadyPoint now) {
  ++failures_;
  bool probe = std::exchange(probing_, false);
  if (!until_ && failures_ < failures_to_open) return;
  // Attempts that were under way when it opened say nothing new.
  if (until_ && !probe) return;
  if (probe) rest_ = std::min<std::chrono::seconds>(2 * rest_, longest_rest);
  until_ = now + rest_;
}

void CircuitBreaker::undecided() {
  probing_ = false;
}

}  // namespace hubward::webhooks
