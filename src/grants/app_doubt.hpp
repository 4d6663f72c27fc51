// SPDX-License-Identifier: Apache-2.0
// When HubSpot calls grant after grant of one app dead, and honours none in between, it is the app that is in
// trouble (suspended, its secret or its owner gone), not so many customers who left within minutes. Then one
// alarm is raised instead of many, and no more of its grants are called dead for a while. Times are steady. A
// value of one loop for each app.
#pragma once

#include <chrono>
#include <optional>
#include <set>

#include "core/clock.hpp"
#include "core/named.hpp"

namespace hubward::grants {

constexpr std::size_t suspicious_deaths = 5;  // of so many grants
constexpr std::chrono::minutes suspicious_time{10};
// If HubSpot honours none of its grants for so long after the alarm, its verdicts are believed again.
constexpr std::chrono::hours longest_app_doubt{1};
// Meanwhile its grants are asked about so often.
constexpr std::chrono::milliseconds app_doubt_back_off = std::chrono::minutes(5);

class AppDoubt {
 public:
  // HubSpot called a grant of the app dead.
  enum class Now { Believed, Alarm, InDoubt };  // Alarm: in doubt from this moment on
  Now refused(const ConnectionName& grant, SteadyPoint now);
  // HubSpot honoured one. True when that ends a doubt: those that it called dead deserve another question.
  bool honoured();

 private:
  std::set<ConnectionName> in_a_row_;  // fewer than suspicious_deaths
  SteadyPoint first_{};
  std::optional<SteadyPoint> since_;
};

}  // namespace hubward::grants
