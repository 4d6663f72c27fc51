// SPDX-License-Identifier: Apache-2.0
#include "webhooks/destination.hpp"

#include <doctest/doctest.h>

#include "hubspot/webhook_events.hpp"
#include "webhooks/fake_house.hpp"

using namespace hubward;
using namespace hubward::webhooks;

namespace {

EventFacts facts_of_sample(const Sample& sample) {
  std::string body = batch({sample});
  return facts_of(hubspot::read_events(body).value().front(), AppName{"crm"}, TimePoint{});
}

}  // namespace

TEST_CASE("a filter asks of an event what it lists") {
  const EventFacts facts = facts_of_sample({});
  struct Case {
    Filter filter;
    bool fits;
  };
  const Case cases[] = {
      {{}, true},
      {{.apps = {{"crm"}}}, true},
      {{.apps = {{"other"}}}, false},
      {{.accounts = {{1}, {62515}}}, true},
      {{.accounts = {{1}}}, false},
      {{.kinds = {"contact.propertyChange"}}, true},
      {{.kinds = {"contact.*"}}, true},
      {{.kinds = {"*"}}, true},
      {{.kinds = {"contact.property"}}, false},
      {{.kinds = {"deal.*"}}, false},
      {{.object_types = {"contacts"}}, true},
      {{.object_types = {"deals"}}, false},
      {{.properties = {"lifecyclestage", "email"}}, true},
      {{.properties = {"email"}}, false},
      {{.apps = {{"crm"}}, .accounts = {{62515}}, .properties = {"email"}}, false},
  };
  for (const Case& c : cases) CHECK(fits(c.filter, facts) == c.fits);
  EventFacts silent;
  CHECK(fits({}, silent));
  CHECK_FALSE(fits({.accounts = {{0}}}, silent));
  CHECK_FALSE(fits({.properties = {"email"}}, silent));
}

TEST_CASE("an object of an account has one lane, however its type is spelled") {
  std::int64_t lane = lane_of(facts_of_sample({}));
  CHECK(lane_of(facts_of_sample({.event = 2, .kind = "contact.deletion", .property = "x"})) == lane);
  CHECK(lane_of(facts_of_sample({.object = 902})) != lane);
  CHECK(lane_of(facts_of_sample({.account = 1})) != lane);
  CHECK(lane_of(facts_of_sample({.kind = "deal.propertyChange"})) != lane);
  std::string generic =
      R"([{"eventId":9,"subscriptionId":3,"portalId":62515,"occurredAt":5,"subscriptionType":"object.creation",)"
      R"("objectTypeId":"0-1","objectId":901}])";
  CHECK(lane_of(facts_of(hubspot::read_events(generic).value().front(), {"crm"}, TimePoint{})) == lane);
  std::string silent = R"([{"a":1},{"a":2}])";
  auto events = hubspot::read_events(silent).value();
  CHECK(lane_of(facts_of(events[0], {"crm"}, TimePoint{})) !=
        lane_of(facts_of(events[1], {"crm"}, TimePoint{})));
}
