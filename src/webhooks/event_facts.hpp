// SPDX-License-Identifier: Apache-2.0
// What is known of a stored event without opening it: what destinations choose by, and what is shown in
// lists. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/clock.hpp"
#include "core/encoding.hpp"
#include "core/named.hpp"

namespace hubward::hubspot {
struct WebhookEvent;
}

namespace hubward::webhooks {

// Its place in the inbox; grows with every event that is stored.
using EventId = Numbered<struct EventIdTag>;

// The bytes of an identity that are kept: sixteen of a SHA-256, so that two events are confused by chance
// only among some 2^64.
constexpr std::size_t identity_size = 16;

struct EventFacts {
  EventId id;  // zero until it is stored
  AppName app;
  std::string kind;  // "contact.propertyChange"; empty: not said
  std::optional<HubId> account;
  std::optional<std::uint64_t> subscription;
  // Of what it happened to; the type by its one name ("contacts", hubspot/objects.hpp). Empty: not said.
  std::string object_type, object;
  std::string property;    // of a propertyChange
  bool sensitive = false;  // HubSpot says that the property is
  TimePoint occurred{};    // when it came, where it does not say
  TimePoint received{};
  std::uint64_t attempt = 0;  // HubSpot's, of the request that brought it
  Bytes identity;             // identity_size bytes

  bool operator==(const EventFacts&) const = default;
};

// The first eight bytes, big-endian, as the store's kind of number.
std::int64_t number_from(std::span<const std::byte> bytes);

EventFacts facts_of(const hubspot::WebhookEvent& event, const AppName& app, TimePoint received);

// Events of one lane reach a destination one after the other, in the order in which they occurred; lanes do
// not wait for each other. A lane is an object of an account; an event of no known object has its own. Two
// objects may share a lane by chance, which costs time and nothing else.
std::int64_t lane_of(const EventFacts& facts);

}  // namespace hubward::webhooks
