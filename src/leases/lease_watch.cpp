// SPDX-License-Identifier: Apache-2.0
#include "leases/lease_watch.hpp"

namespace hubward::leases {

std::optional<Claim> LeaseWatch::claim(const std::string& name, const std::optional<LeaseRow>& row,
                                       SteadyPoint asked, SteadyPoint now) {
  if (!row) return Claim{};
  if (row->mark.holder.empty()) return Claim{row->mark, row->before};
  if (!is_over(name, row->mark, asked, now)) return std::nullopt;
  return Claim{row->mark, Before::LeftOpen};
}

bool LeaseWatch::is_over(const std::string& name, const LeaseMark& mark, SteadyPoint asked, SteadyPoint now) {
  if (seen_.size() > many)
    std::erase_if(seen_, [&](const auto& entry) { return now - entry.second.last_seen > 10 * life_; });
  auto [place, is_new] = seen_.try_emplace(name, Sight{mark, now, now});
  Sight& sight = place->second;
  if (!is_new && sight.mark != mark) sight = {mark, now, now};
  sight.last_seen = now;
  return asked - sight.first_seen >= life_;
}

}  // namespace hubward::leases
