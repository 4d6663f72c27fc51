// SPDX-License-Identifier: Apache-2.0
#include "webhooks/masking.hpp"

#include <algorithm>

namespace hubward::webhooks {

Json shown(std::string_view payload, const EventFacts& facts, std::span<const std::string> sensitive) {
  Result<Json> event = Json::parse(payload);
  if (!event || !event->is_object()) return std::string(mask);
  bool masks = facts.sensitive || std::ranges::find(sensitive, facts.property) != sensitive.end();
  if (masks && event->has("propertyValue")) event->set("propertyValue", std::string(mask));
  return std::move(*event);
}

}  // namespace hubward::webhooks
