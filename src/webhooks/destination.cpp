// SPDX-License-Identifier: Apache-2.0
#include "webhooks/destination.hpp"

#include <algorithm>

namespace hubward::webhooks {
namespace {

template <class Value>
bool lists(const std::vector<Value>& list, const Value& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

bool fits_kind(std::string_view pattern, std::string_view kind) {
  if (!pattern.ends_with('*')) return pattern == kind;
  return kind.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

bool fits(const Filter& filter, const EventFacts& facts) {
  auto fits_this_kind = [&](const std::string& pattern) { return fits_kind(pattern, facts.kind); };
  return lists(filter.apps, facts.app) &&
         (filter.accounts.empty() || (facts.account && lists(filter.accounts, *facts.account))) &&
         (filter.kinds.empty() || std::ranges::any_of(filter.kinds, fits_this_kind)) &&
         lists(filter.object_types, facts.object_type) && lists(filter.properties, facts.property);
}

std::vector<std::int64_t> destinations_for(std::span<const Route> routes, const EventFacts& facts) {
  std::vector<std::int64_t> numbers;
  for (const Route& route : routes)
    if (fits(route.filter, facts)) numbers.push_back(route.destination);
  return numbers;
}

}  // namespace hubward::webhooks
