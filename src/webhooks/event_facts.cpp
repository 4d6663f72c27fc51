// SPDX-License-Identifier: Apache-2.0
#include "webhooks/event_facts.hpp"

#include <bit>

#include "crypto/binding.hpp"
#include "crypto/digest.hpp"
#include "hubspot/objects.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::webhooks {
std::int64_t number_from(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (std::byte byte : bytes.first(8)) number = number << 8 | std::to_integer<std::uint64_t>(byte);
  return std::bit_cast<std::int64_t>(number);
}

EventFacts facts_of(const hubspot::WebhookEvent& event, const AppName& app, TimePoint received) {
  EventFacts facts;
  facts.app = app;
  facts.kind = event.kind;
  if (event.account) facts.account = HubId{*event.account};
  facts.subscription = event.subscription;
  if (!event.object_type.empty()) facts.object_type = hubspot::object_name(event.object_type).text;
  facts.object = event.object;
  facts.property = event.property;
  facts.sensitive = event.sensitive;
  facts.occurred = event.occurred.value_or(received);
  facts.received = received;
  facts.attempt = event.attempt;
  facts.identity.assign(event.identity.begin(), event.identity.begin() + identity_size);
  return facts;
}

std::int64_t lane_of(const EventFacts& facts) {
  if (!facts.account || facts.object.empty()) return number_from(facts.identity);
  return number_from(crypto::sha256(
      crypto::binding({std::to_string(facts.account->number), facts.object_type, facts.object})));
}

}  // namespace hubward::webhooks
