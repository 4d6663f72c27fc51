// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace hubward::hubspot {
namespace {

// What tells known events apart (section 4.3), besides their object: both ends of an association and which of
// its labels came or went, both records of a merge, the message in a conversation.
constexpr std::array<std::string_view, 14> identifying{
    "subscriptionType", "eventId",      "occurredAt", "objectTypeId",        "objectId",
    "propertyName",     "fromObjectId", "toObjectId", "associationType",     "associationRemoved",
    "primaryObjectId",  "newObjectId",  "messageId",  "isPrimaryAssociation"};
constexpr std::size_t usual_identity = 256;  // bytes of the text that is hashed
constexpr std::string_view attempt_member = "attemptNumber";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::unexpected<Error> wrong(std::string what) {
  return invalid("WEBHOOK_INVALID", std::move(what));
}

std::optional<std::uint64_t> number(const Json& value) {
  auto text = value.number_text();
  return text ? to_number(*text) : std::nullopt;
}

// An id is a number in most events and a text in some; either way it is the same id.
std::string id_text(const Json& value) {
  if (auto text = value.text()) return std::string(*text);
  if (auto text = value.number_text()) return std::string(*text);
  return "";
}

// Pieces of a text that no other pieces make: each with its length before it.
void append(std::string& text, std::string_view piece) {
  fmt::format_to(std::back_inserter(text), "{}:{}", piece.size(), piece);
}

bool is_known_shape(const WebhookEvent& event, const Json& json) {
  bool thing = std::ranges::any_of(std::array{"objectId", "fromObjectId", "primaryObjectId"},
                                   [&](std::string_view name) { return !id_text(json[name]).empty(); });
  return event.account && event.subscription && event.occurred && !id_text(json["eventId"]).empty() && thing;
}

crypto::Digest identity_of(const WebhookEvent& event, const Json& json) {
  std::string text;
  text.reserve(usual_identity);
  if (event.identified) {
    append(text, "known");
    append(text, std::to_string(*event.account));
    append(text, std::to_string(*event.subscription));
    for (std::string_view name : identifying) {
      const Json& value = json[name];
      append(text, value.text() || value.number_text() ? id_text(value) : value.dump());
    }
    return crypto::sha256(bytes_of(text));
  }
  append(text, "unknown");
  std::vector<std::pair<std::string_view, std::string>> members;
  for (const auto& [name, value] : json.members())
    if (name != attempt_member) members.emplace_back(name, value.dump());
  std::ranges::sort(members);
  for (const auto& [name, value] : members) {
    append(text, name);
    append(text, value);
  }
  return crypto::sha256(bytes_of(text));
}

WebhookEvent event_of(const Json& json, std::string_view bytes) {
  WebhookEvent event;
  event.bytes = bytes;
  // HubSpot's tables call it eventType, its deliveries subscriptionType.
  event.kind = json["subscriptionType"].text_or(json["eventType"].text().value_or(""));
  event.account = number(json["portalId"]);
  event.app = number(json["appId"]);
  event.subscription = number(json["subscriptionId"]);
  if (auto millis = json["occurredAt"].integer()) event.occurred = from_millis(*millis);
  event.attempt = number(json[attempt_member]).value_or(0);
  for (std::string_view name : {"objectId", "fromObjectId", "primaryObjectId"})
    if (event.object.empty()) event.object = id_text(json[name]);
  event.object_type = json["objectTypeId"].text_or("");
  if (event.object_type.empty() && event.kind.contains('.'))
    event.object_type = event.kind.substr(0, event.kind.find('.'));
  event.property = json["propertyName"].text_or("");
  event.sensitive = json["isSensitive"].boolean().value_or(false);
  event.identified = is_known_shape(event, json);
  event.identity = identity_of(event, json);
  return event;
}

// An object that is known to be well formed, without the white space around it.
std::string_view within_braces(std::string_view object) {
  std::size_t start = object.find('{');
  return object.substr(start, object.rfind('}') + 1 - start);
}

// The elements of an array that is known to be well formed, each as its own bytes.
std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> elements;
  int depth = 0;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    char c = array[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') {
      if (depth == 1) start = i;
      ++depth;
    }
    if (c == ']' || c == '}') {
      --depth;
      if (depth == 1) elements.push_back(array.substr(start, i + 1 - start));
    }
  }
  return elements;
}

}  // namespace

Result<std::vector<WebhookEvent>> read_events(std::string_view body, const BatchLimits& limits) {
  if (body.size() > limits.bytes) return wrong(fmt::format("a batch may have {} bytes", limits.bytes));
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  const Result<Json> batch = Json::parse(body);
  if (!batch) return wrong(batch.error().message);
  if (batch->is_object()) return std::vector<WebhookEvent>{event_of(*batch, within_braces(body))};
  if (!batch->is_array())
    return wrong("a batch of events is an array, that of a workflow's action an object");
  const Json::Items& items = batch->items();
  if (items.size() > limits.events) return wrong(fmt::format("a batch may have {} events", limits.events));
  for (std::size_t i = 0; i < items.size(); ++i)
    if (!items[i].is_object()) return wrong(fmt::format("event {} of the batch is no object", i + 1));
  std::vector<std::string_view> bytes = elements_of(body);
  std::vector<WebhookEvent> events;
  events.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) events.push_back(event_of(items[i], bytes.at(i)));
  return events;
}

}  // namespace hubward::hubspot
