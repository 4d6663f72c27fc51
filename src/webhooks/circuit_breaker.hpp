// SPDX-License-Identifier: Apache-2.0
// Whether a destination is worth trying now. After `failures_to_open` failures in a row it is left alone for
// a while; then one delivery goes ahead as a probe, and its outcome decides. While it is left alone no
// delivery uses up an attempt. Pure over a steady clock; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace hubward::webhooks {

class CircuitBreaker {
 public:
  static constexpr std::uint32_t failures_to_open = 5;
  static constexpr std::chrono::seconds first_rest{10};
  static constexpr std::chrono::minutes longest_rest{5};

  enum class State : unsigned char { Closed, Open, HalfOpen };
  State state(SteadyPoint now) const;
  // When to ask again, which may be now; nothing while it is closed or a probe is under way.
  std::optional<SteadyPoint> opens_at() const;

  // Handed out before an attempt and back with its outcome. An attempt that was under way when the breaker
  // opened says nothing about the destination as it is now: only the probe does.
  struct Attempt {
    bool is_probe = false;
    std::uint32_t opened = 0;  // how often it had opened by then
    bool operator==(const Attempt&) const = default;
  };
  // Nothing while it is open; once while half open: that attempt is the probe.
  std::optional<Attempt> admit(SteadyPoint now);
  void succeeded(Attempt attempt);
  // Of a destination that is to blame (blames_destination()).
  void failed(Attempt attempt, SteadyPoint now);
  // The attempt said nothing about the destination, or was never made.
  void undecided(Attempt attempt);

 private:
  bool counts(Attempt attempt) const { return attempt.is_probe || (!until_ && attempt.opened == opened_); }

  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t opened_ = 0;    // how often
  std::chrono::seconds rest_ = first_rest;
  std::optional<SteadyPoint> until_;
  bool probing_ = false;
};

}  // namespace hubward::webhooks
