// SPDX-License-Identifier: Apache-2.0
#include "webhooks/masking.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hubward;
using namespace hubward::webhooks;

TEST_CASE("values of sensitive properties are masked, whoever says that they are") {
  const std::string payload = R"({"objectId":7,"propertyName":"ssn","propertyValue":"078-05-1120"})";
  EventFacts facts;
  facts.property = "ssn";
  const std::vector<std::string> sensitive = {"date_of_birth", "ssn"};
  CHECK(shown(payload, facts, {}).dump() == payload);
  Json seen = shown(payload, facts, sensitive);
  CHECK(seen["propertyValue"].text() == mask);
  CHECK(seen["propertyName"].text() == "ssn");
  facts.property = "other";
  CHECK(shown(payload, facts, sensitive).dump() == payload);
  facts.sensitive = true;
  CHECK_FALSE(shown(payload, facts, {}).dump().contains("078"));
  CHECK(shown(R"({"objectId":7})", facts, {}).dump() == R"({"objectId":7})");
  CHECK(shown("078-05-1120", facts, {}).text() == mask);

  // Of an event of the journal that has no form among webhooks.
  const std::string snapshot =
      R"({"action":"SNAPSHOT","properties":{"ssn":"078-05-1120","list":[{"ssn":{"a":"078"}},7],"age":3}})";
  CHECK(shown(snapshot, {}, sensitive).dump() ==
        R"j({"action":"SNAPSHOT","properties":{"ssn":"(masked)","list":[{"ssn":"(masked)"},7],"age":3}})j");
  CHECK(shown(snapshot, {}, {}).dump() == snapshot);
}
