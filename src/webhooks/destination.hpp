// SPDX-License-Identifier: Apache-2.0
// Which events go where. Pure; immutable snapshots, swapped whole by a reload; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/named.hpp"
#include "webhooks/event_facts.hpp"

namespace hubward::webhooks {

using DestinationName = Named<struct DestinationNameTag>;  // as the configuration names it

// What a destination wants. An empty list asks nothing; of a list that is not empty one must fit, and every
// list must. An event that does not say what a list asks does not fit.
struct Filter {
  std::vector<AppName> apps;
  std::vector<HubId> accounts;
  std::vector<std::string> kinds;         // "contact.propertyChange", or "contact.*" for all that begins so
  std::vector<std::string> object_types;  // by their one name: "contacts"
  std::vector<std::string> properties;
  bool operator==(const Filter&) const = default;
};
bool fits(const Filter& filter, const EventFacts& facts);

// The destinations in force, each with the number that the inbox's file knows it by.
struct Route {
  std::int64_t destination = 0;
  Filter filter;
};
using Routes = std::vector<Route>;
std::vector<std::int64_t> destinations_for(std::span<const Route> routes, const EventFacts& facts);

}  // namespace hubward::webhooks
