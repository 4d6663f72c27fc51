// SPDX-License-Identifier: Apache-2.0
// The body of a webhook, a JSON array of events (hubspot.md section 4.3) or the one object that an action of
// a workflow sends, taken apart. Kinds of events that nobody here knows are kept like the others: what is
// read is what every kind has, and each event stays whole as its own bytes. Pure; values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "crypto/digest.hpp"

namespace hubward::hubspot {

struct BatchLimits {
  std::size_t bytes = 10 * 1024 * 1024;  // a hundred properties of 64 Ki characters, most of them ASCII
  std::size_t events = 100;              // HubSpot's own figure
};

// What every kind of event says of itself; nothing where it is missing or of another type.
struct WebhookEvent {
  std::string_view bytes;  // the event's JSON as it came, within the body
  std::string kind;        // "contact.propertyChange", as HubSpot writes it; empty: not said
  std::optional<std::uint64_t> account, app, subscription;
  std::optional<TimePoint> occurred;
  std::uint64_t attempt = 0;
  // What it happened to: "901"; of a change of associations, the object that it goes from. Empty: not said.
  std::string object;
  std::string object_type;  // "0-1", "2-1234567"; else the word before the kind's dot, "contact"
  std::string property;     // of a propertyChange
  bool sensitive = false;   // HubSpot itself says that the property is

  // Whether it says what identifies the known kinds: account, subscription, time, eventId and an object.
  bool identified = false;
  // The same for every time that HubSpot sends this event, and for no other event. HubSpot's eventId alone is
  // not unique; attemptNumber grows with every try. An event that lacks what identifies the known ones is
  // identified by all that it says but its attempt.
  crypto::Digest identity{};
};

// WEBHOOK_INVALID says what is wrong and where, never what stood there. An empty array is no events.
Result<std::vector<WebhookEvent>> read_events(std::string_view body, const BatchLimits& limits = {});

}  // namespace hubward::hubspot
