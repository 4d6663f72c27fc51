// SPDX-License-Identifier: Apache-2.0
// When a lease that somebody else holds may be taken over. Nothing stored is compared with a clock: clocks of
// several machines differ, and any of them may jump. A lease that did not move for a whole life, on the
// steady clock of whoever watches it, is over; its holder counts that life from before its last move, so it
// knows no later. A value of one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "leases/leases.hpp"

namespace hubward::leases {

// Where a lease stands: moves with every taking and every renewal.
struct LeaseMark {
  std::string holder;
  std::int64_t beat = 0;
  bool operator==(const LeaseMark&) const = default;
};

// A lease as it is stored. No holder: it was given back, and kept for what was left open.
struct LeaseRow {
  LeaseMark mark;
  Before before = Before::Settled;
};

// How to take a lease: only from exactly where it was seen (nothing: from not being there), so that nobody
// takes what has moved since.
struct Claim {
  std::optional<LeaseMark> from;
  Before before = Before::Settled;
};

class LeaseWatch {
 public:
  explicit LeaseWatch(std::chrono::milliseconds life) : life_(life) {}

  // `row` was read between `asked` and now. Nothing when somebody holds it, as far as can be seen.
  std::optional<Claim> claim(const std::string& name, const std::optional<LeaseRow>& row, SteadyPoint asked,
                             SteadyPoint now);
  void forget(const std::string& name) { seen_.erase(name); }

 private:
  bool is_over(const std::string& name, const LeaseMark& mark, SteadyPoint asked, SteadyPoint now);

  struct Sight {
    LeaseMark mark;
    SteadyPoint first_seen;  // the end of the read that saw it first
    SteadyPoint last_seen;
  };
  static constexpr std::size_t many = 1024;

  const std::chrono::milliseconds life_;
  std::map<std::string, Sight> seen_;
};

}  // namespace hubward::leases
