// SPDX-License-Identifier: Apache-2.0
// A webhook's body: each event is kept as bytes that stand in it and are read as the same event again, and
// its identity does not depend on how often HubSpot has tried.
//
// aims at: src/hubspot/webhook_events.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "hubspot/webhook_events.hpp"

using namespace hubward;
using namespace hubward::hubspot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(data), size);
  auto events = read_events(body);
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);  // a byte order mark is no part of it
  const Result<Json> json = Json::parse(body);
  if (!events) {
    invariant(events.error().code == "WEBHOOK_INVALID" && !events.error().message.empty(),
              "a refusal says why");
    return 0;
  }
  invariant(json.has_value(), "what is read is JSON");
  // An action of a workflow sends one object alone.
  const Json whole = json->is_object() ? Json::array({*json}) : *json;
  invariant(whole.items().size() == events->size(), "every event is kept");
  for (std::size_t i = 0; i < events->size(); ++i) {
    const WebhookEvent& event = (*events)[i];
    const Result<Json> alone = Json::parse(event.bytes);
    invariant(alone && *alone == whole.items()[i], "an event's bytes are that event");
    auto again = read_events("[" + std::string(event.bytes) + "]");
    invariant(again && again->size() == 1 && again->front().identity == event.identity,
              "an event is read alike alone");
    Json later = *alone;
    later.remove("attemptNumber");
    later.set("attemptNumber", 10);
    const Json batch = Json::array({later});
    auto tried = read_events(batch.dump());
    invariant(tried && tried->front().identity == event.identity && tried->front().attempt == 10,
              "another try is the same event");
  }
  return 0;
}
