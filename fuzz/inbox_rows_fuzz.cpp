// SPDX-License-Identifier: Apache-2.0
// Rows of the inbox as a damaged file may hold them, and what is said of an event for people: whatever stands
// in a row is read as something, a lane is always the same, a sealed payload opens only as it was sealed, and
// no masked value is shown.
//
// aims at: src/webhooks/event_facts.cpp
// aims at: src/webhooks/masking.cpp
// aims at: src/webhooks/destination.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "crypto/aead.hpp"
#include "crypto/fake_random.hpp"
#include "fuzz/input.hpp"
#include "hubspot/webhook_events.hpp"
#include "webhooks/delivery_tables.hpp"
#include "webhooks/destination.hpp"
#include "webhooks/masking.hpp"
#include "webhooks/tables.hpp"

using namespace hubward;
using namespace hubward::webhooks;

namespace {

constexpr std::string_view canary = "canary-value-7f3a";

store::Value value_of(char kind, std::string_view text) {
  switch (kind) {
    case 'i': {
      std::uint64_t number = 0;
      for (char c : text.substr(0, 8)) number = number << 8 | static_cast<unsigned char>(c);
      return static_cast<std::int64_t>(number);
    }
    case 't': return std::string(text);
    case 'b': return Bytes(bytes_of(text).begin(), bytes_of(text).end());
    default: return nullptr;
  }
}

// Each line is a column: its kind, then its bytes.
store::Row row_of(std::string_view text) {
  store::Row row;
  while (!text.empty() && row.size() < 24) {
    std::string_view line = text.substr(0, text.find('\n'));
    row.push_back(line.empty() ? store::Value(nullptr) : value_of(line[0], line.substr(1)));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return row;
}

void look_at(const EventFacts& facts) {
  Filter all;
  invariant(fits(all, facts), "a filter that asks nothing fits everything");
  Filter own{.apps = {facts.app},
             .kinds = {facts.kind},
             .object_types = {facts.object_type},
             .properties = {facts.property}};
  if (facts.account) own.accounts = {*facts.account};
  invariant(fits(own, facts), "what an event says of itself fits it");
  own.kinds = {facts.kind + "x"};
  invariant(!fits(own, facts), "and nothing else does");
  if (facts.identity.size() != identity_size) return;
  invariant(lane_of(facts) == lane_of(EventFacts(facts)), "an event has one lane");
}

void seal_and_open(std::string_view payload, std::string_view place) {
  crypto::SeededRandom random(1);
  Secret key = crypto::random_secret(random, crypto::aead_key_size);
  Bytes sealed = crypto::seal_payload(key, bytes_of(place), bytes_of(payload), random).value();
  auto opened = crypto::open_payload(key, bytes_of(place), sealed);
  invariant(opened && *opened == payload, "a payload opens as it was sealed");
  invariant(!crypto::open_payload(key, bytes_of(std::string(place) + "x"), sealed), "and in no other place");
  auto forged = crypto::open_payload(key, bytes_of(place), bytes_of(payload));
  invariant(!forged, "what was not sealed does not open");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  store::Row row = row_of(text);
  look_at(tables::facts_from(row));
  look_at(tables::head_from(row).event);
  look_at(tables::dead_from(row).event);
  seal_and_open(text, text.substr(0, 20));

  auto events = hubspot::read_events(text);
  if (!events) return 0;
  for (const hubspot::WebhookEvent& event : *events) {
    EventFacts facts = facts_of(event, AppName{"crm"}, from_millis(1'800'000'000'000));
    look_at(facts);
    Json changed = Json::parse(event.bytes).value();
    if (!changed.has("propertyValue") || changed.dump().contains(canary)) continue;
    changed.set("propertyValue", std::string(canary));
    const std::string sensitive[] = {facts.property};
    invariant(!shown(changed.dump(), facts, sensitive).dump().contains(canary),
              "a masked value is not shown");
  }
  return 0;
}
