// SPDX-License-Identifier: Apache-2.0
#include "webhooks/masking.hpp"

#include <algorithm>

namespace hubward::webhooks {
namespace {

void mask_members(Json& value, std::span<const std::string> sensitive) {
  if (value.is_array())
    for (Json& item : value.items()) mask_members(item, sensitive);
  if (!value.is_object()) return;
  for (auto& [name, member] : value.members()) {
    if (std::ranges::find(sensitive, name) != sensitive.end()) {
      member = std::string(mask);
    } else {
      mask_members(member, sensitive);
    }
  }
}

}  // namespace

Json shown(std::string_view payload, const EventFacts& facts, std::span<const std::string> sensitive) {
  Result<Json> event = Json::parse(payload);
  if (!event || !event->is_object()) return std::string(mask);
  bool masks = facts.sensitive || std::ranges::find(sensitive, facts.property) != sensitive.end();
  if (masks && event->has("propertyValue")) event->set("propertyValue", std::string(mask));
  mask_members(*event, sensitive);
  return std::move(*event);
}

}  // namespace hubward::webhooks
