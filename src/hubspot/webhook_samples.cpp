// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_samples.hpp"

#include <algorithm>
#include <array>

#include "core/json.hpp"

namespace hubward::hubspot {
namespace {

using namespace std::string_view_literals;

constexpr std::array kinds = {"contact.creation"sv,
                              "contact.deletion"sv,
                              "contact.merge"sv,
                              "contact.propertyChange"sv,
                              "contact.restore"sv,
                              "contact.associationChange"sv,
                              "contact.privacyDeletion"sv,
                              "company.creation"sv,
                              "company.deletion"sv,
                              "company.merge"sv,
                              "company.propertyChange"sv,
                              "company.restore"sv,
                              "company.associationChange"sv,
                              "deal.creation"sv,
                              "deal.deletion"sv,
                              "deal.merge"sv,
                              "deal.propertyChange"sv,
                              "deal.restore"sv,
                              "deal.associationChange"sv,
                              "ticket.creation"sv,
                              "ticket.deletion"sv,
                              "ticket.merge"sv,
                              "ticket.propertyChange"sv,
                              "ticket.restore"sv,
                              "ticket.associationChange"sv,
                              "line_item.creation"sv,
                              "line_item.deletion"sv,
                              "line_item.merge"sv,
                              "line_item.propertyChange"sv,
                              "line_item.restore"sv,
                              "line_item.associationChange"sv,
                              "object.creation"sv,
                              "object.deletion"sv,
                              "object.merge"sv,
                              "object.propertyChange"sv,
                              "object.restore"sv,
                              "object.associationChange"sv,
                              "product.creation"sv,
                              "product.deletion"sv,
                              "product.merge"sv,
                              "product.propertyChange"sv,
                              "product.restore"sv,
                              "conversation.creation"sv,
                              "conversation.deletion"sv,
                              "conversation.propertyChange"sv,
                              "conversation.newMessage"sv,
                              "conversation.privacyDeletion"sv,
                              "event.completed"sv};
static_assert(kinds.size() == 48);

// "line_item" becomes "LINE_ITEM", as names of associations have it.
std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return result;
}

void add_change(Json& json, std::string_view object, std::string_view what, const SampleEvent& event) {
  if (what == "associationChange") {
    json.set("associationType", upper(object) + "_TO_" + (object == "contact" ? "COMPANY" : "CONTACT"));
    json.set("fromObjectId", event.object).set("toObjectId", event.object + 1);
    json.set("associationRemoved", false).set("isPrimaryAssociation", false);
    return;
  }
  json.set("objectId", event.object);
  if (what == "propertyChange") json.set("propertyName", event.property).set("propertyValue", event.value);
  if (what == "creation") json.set("changeFlag", "CREATED");
  if (what == "merge") {
    Json merged = Json::array();
    merged.push(event.object + 1);
    json.set("primaryObjectId", event.object).set("mergedObjectIds", std::move(merged));
    json.set("newObjectId", event.object + 2).set("numberOfPropertiesMoved", 3);
  }
  if (what == "newMessage") json.set("messageId", "3f2a9c").set("messageType", "MESSAGE");
}

}  // namespace

std::span<const std::string_view> subscription_kinds() {
  return kinds;
}

bool is_subscription_kind(std::string_view kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

std::string sample_json(const SampleEvent& event) {
  std::string_view object = event.kind.substr(0, event.kind.find('.'));
  std::string_view what = event.kind.substr(std::min(object.size() + 1, event.kind.size()));
  Json json = Json::object({{"eventId", event.event},
                            {"subscriptionId", event.subscription},
                            {"portalId", event.account},
                            {"appId", event.app},
                            {"occurredAt", to_millis(event.occurred)},
                            {"subscriptionType", event.kind},
                            {"attemptNumber", event.attempt}});
  add_change(json, object, what, event);
  if (object == "object") json.set("objectTypeId", "2-1234567");
  if (object != "conversation" && object != "event")
    json.set("changeSource", "CRM_UI").set("sourceId", "userId:42");
  return json.dump();
}

}  // namespace hubward::hubspot
