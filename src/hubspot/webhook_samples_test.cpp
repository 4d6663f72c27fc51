// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_samples.hpp"

#include <doctest/doctest.h>

#include <set>

#include "core/json.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::hubspot {

TEST_CASE("a sample of every kind is read as that kind, about its object, and is identified") {
  std::set<crypto::Digest> identities;
  for (std::string_view kind : subscription_kinds()) {
    CAPTURE(kind);
    CHECK(is_subscription_kind(kind));
    std::string body = "[" + sample_json({.kind = kind, .occurred = from_millis(1'789'999'990'000)}) + "]";
    auto events = read_events(body);
    REQUIRE(events);
    const WebhookEvent& event = events->front();
    CHECK(event.kind == kind);
    CHECK(event.account == 8801234);
    CHECK(event.object == "901");
    CHECK(event.identified);
    CHECK((event.property == "lifecyclestage") == kind.ends_with("propertyChange"));
    CHECK(event.object_type == (kind.starts_with("object.") ? "2-1234567" : kind.substr(0, kind.find('.'))));
    identities.insert(event.identity);
  }
  CHECK(identities.size() == 48);
  CHECK_FALSE(is_subscription_kind("contact"));
  CHECK_FALSE(is_subscription_kind("boat.sank"));
}

}  // namespace hubward::hubspot
