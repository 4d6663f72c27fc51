// SPDX-License-Identifier: Apache-2.0
// Which scopes a token lacks for what a role allows, so that an operator sees beforehand which calls HubSpot
// will refuse. Pure; any thread.
//
// No false alarms: a rule for every object ("*") asks for nothing in particular, an operation counts as
// possible when any of its alternatives is granted, and what a rule denies is not missed.
#pragma once

#include <string>
#include <vector>

#include "hubspot/catalogue.hpp"
#include "hubspot/scopes.hpp"
#include "policy/role.hpp"

namespace hubward::policy {

struct ScopeGap {
  std::string scope;   // "crm.objects.companies.read"
  std::string wanted;  // the first thing that needs it: "view on companies", "crm.owners.list"
  bool operator==(const ScopeGap&) const = default;
};
// Each scope once, in the order of the role's rules.
std::vector<ScopeGap> scope_gaps(const Role& role, const hubspot::Catalogue& catalogue,
                                 const hubspot::ScopeSet& granted);

}  // namespace hubward::policy
