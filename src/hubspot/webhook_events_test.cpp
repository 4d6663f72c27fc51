// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_events.hpp"

#include <doctest/doctest.h>

namespace hubward::hubspot {
namespace {

std::vector<WebhookEvent> events_of(std::string_view body) {
  auto read = read_events(body);
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  return *read;
}

const std::string change =
    R"({"eventId":100,"subscriptionId":2001,"portalId":8801234,"appId":551122,"occurredAt":1789999990000,)"
    R"("subscriptionType":"contact.propertyChange","attemptNumber":3,"objectId":901,"propertyName":"lifecyclestage",)"
    R"("propertyValue":"le\"}]ad","changeSource":"CRM_UI","sourceId":null})";

TEST_CASE("an event is read for what all have, and kept as its own bytes") {
  std::string body = "[ " + change + ",\n" + change + "]";
  std::vector<WebhookEvent> events = events_of(body);
  REQUIRE(events.size() == 2);
  for (const WebhookEvent& event : events) {
    CHECK(event.bytes == change);
    CHECK(event.kind == "contact.propertyChange");
    CHECK(event.account == 8801234);
    CHECK(event.app == 551122);
    CHECK(event.subscription == 2001);
    CHECK(event.occurred == from_millis(1'789'999'990'000));
    CHECK(event.attempt == 3);
    CHECK(event.object == "901");
    CHECK(event.object_type == "contact");
    CHECK(event.property == "lifecyclestage");
    CHECK_FALSE(event.sensitive);
  }
  CHECK(events[0].identity == events[1].identity);
}

TEST_CASE("every kind of event says what it is about") {
  struct Row {
    std::string_view json, kind, object, type;
  };
  const Row rows[] = {
      {R"({"subscriptionType":"object.propertyChange","objectTypeId":"2-123","objectId":7,"isSensitive":true})",
       "object.propertyChange", "7", "2-123"},
      {R"({"subscriptionType":"contact.merge","primaryObjectId":1,"mergedObjectIds":[2],"newObjectId":3})",
       "contact.merge", "1", "contact"},
      {R"({"subscriptionType":"deal.associationChange","fromObjectId":11,"toObjectId":12})",
       "deal.associationChange", "11", "deal"},
      {R"({"subscriptionType":"conversation.newMessage","objectId":5,"messageId":"m","eventId":"100"})",
       "conversation.newMessage", "5", "conversation"},
      {R"({"eventType":"contact.creation","objectId":"9007199254740993"})", "contact.creation",
       "9007199254740993", "contact"},
      {R"({"subscriptionType":"moon.landed","crater":{"id":[1]}})", "moon.landed", "", "moon"},
      {R"({"subscriptionType":17,"portalId":"x","occurredAt":1.5,"attemptNumber":-1,"objectId":{}})", "", "",
       ""},
      {"{}", "", "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const std::string body = "[" + std::string(row.json) + "]";
    WebhookEvent event = events_of(body).at(0);
    CHECK(event.bytes == row.json);
    CHECK(event.kind == row.kind);
    CHECK(event.object == row.object);
    CHECK(event.object_type == row.type);
    CHECK_FALSE(event.occurred);
  }
}

crypto::Digest identity(std::string_view members) {
  const std::string body = "[{" + std::string(members) + "}]";
  return events_of(body).at(0).identity;
}

TEST_CASE("an event sent again is the same, and what differs in what identifies it is another") {
  const std::string fixed = R"("subscriptionId":1,"portalId":2,"occurredAt":3)";
  struct Row {
    std::string_view one, other;
    bool same;
  };
  const Row rows[] = {
      {R"("eventId":4,"objectId":5,"attemptNumber":0)", R"("attemptNumber":9,"objectId":5,"eventId":4)",
       true},
      {R"("eventId":4,"objectId":5)", R"("eventId":"4","objectId":5)", true},
      {R"("eventId":4,"objectId":5,"sourceId":"a")", R"("eventId":4,"objectId":5,"sourceId":null)", true},
      {R"("eventId":4,"objectId":5)", R"("eventId":4,"objectId":6)", false},
      {R"("eventId":4,"objectId":5)", R"("eventId":5,"objectId":5)", false},
      {R"("eventId":4,"objectId":5,"propertyName":"a")", R"("eventId":4,"objectId":5,"propertyName":"b")",
       false},
      {R"("eventId":4,"fromObjectId":5,"toObjectId":6)", R"("eventId":4,"fromObjectId":6,"toObjectId":5)",
       false},
      {R"("eventId":4,"fromObjectId":5,"toObjectId":6,"associationRemoved":true)",
       R"("eventId":4,"fromObjectId":5,"toObjectId":6,"associationRemoved":false)", false},
      {R"("eventId":4,"objectId":5,"subscriptionType":"a.b")",
       R"("eventId":4,"objectId":5,"subscriptionType":"a.c")", false},
      {R"("eventId":45,"objectId":6)", R"("eventId":4,"objectId":56)", false},
      // Nothing says what these are about: all counts but the attempt.
      {R"("eventId":4,"x":1,"attemptNumber":0)", R"("attemptNumber":1,"x":1,"eventId":4)", true},
      {R"("eventId":4,"x":1)", R"("eventId":4,"x":2)", false},
      {R"("x":"y")", R"("x":["y"])", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.one);
    CAPTURE(row.other);
    CHECK((identity(fixed + "," + std::string(row.one)) == identity(fixed + "," + std::string(row.other))) ==
          row.same);
  }
  CHECK(identity(R"("subscriptionId":1,"portalId":2,"occurredAt":3,"eventId":4,"objectId":5)") !=
        identity(R"("subscriptionId":1,"portalId":3,"occurredAt":3,"eventId":4,"objectId":5)"));
  CHECK(identity(R"("subscriptionId":1,"portalId":2,"occurredAt":3,"eventId":4,"objectId":5)") !=
        identity(R"("subscriptionId":1,"portalId":2,"occurredAt":4,"eventId":4,"objectId":5)"));
}

TEST_CASE("a batch is bounded and strict") {
  CHECK(events_of("[]").empty());
  CHECK(events_of(" [ ] ").empty());
  std::string hundred = "[{}";
  for (int i = 1; i < 100; ++i) hundred += ",{}";
  CHECK(events_of(hundred + "]").size() == 100);
  struct Row {
    std::string body;
    std::string_view message;
  };
  const Row rows[] = {{hundred + ",{}]", "a batch may have 100 events"},
                      {"1", "a batch of events is an array, that of a workflow's action an object"},
                      {"[{},1]", "event 2 of the batch is no object"},
                      {"[[]]", "event 1 of the batch is no object"}};
  for (const Row& row : rows) {
    auto read = read_events(row.body);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == "WEBHOOK_INVALID");
    CHECK(read.error().message == row.message);
  }
  for (std::string_view body :
       {"", "[", "[{}", "[{},]", R"([{"a":1,"a":2}])", "[{}]x", "\xEF\xBB\xBF", "[{\"a\":\"\x80\"}]"}) {
    CAPTURE(body);
    CHECK_FALSE(read_events(body));
  }
  CHECK_FALSE(read_events("[{}]", {.bytes = 3}));
  CHECK(read_events("[{}]", {.bytes = 4}));
}

TEST_CASE("what a workflow's action sends is one event, whole") {
  const std::string body = "\xEF\xBB\xBF {\"callbackId\":\"ap-1\",\"object\":{\"objectId\":904}} \r\n";
  auto events = events_of(body);
  REQUIRE(events.size() == 1);
  CHECK(events[0].bytes == R"({"callbackId":"ap-1","object":{"objectId":904}})");
  CHECK_FALSE(events[0].identified);
  CHECK(events[0].object.empty());
  CHECK(events_of(R"([{"callbackId":"ap-1","object":{"objectId":904}}])")[0].identity == events[0].identity);
  CHECK(events_of("\xEF\xBB\xBF[{}]").size() == 1);
  CHECK(events_of("[" + change + "]")[0].identified);
}

TEST_CASE("no refusal repeats what it refuses") {
  auto read = read_events(R"([{"propertyValue":"PRIVATE",}])");
  REQUIRE_FALSE(read);
  CHECK_FALSE(read.error().message.contains("PRIVATE"));
}

}  // namespace
}  // namespace hubward::hubspot
