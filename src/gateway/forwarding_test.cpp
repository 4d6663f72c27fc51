// SPDX-License-Identifier: Apache-2.0
#include "gateway/forwarding.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::gateway;

TEST_CASE("the caller's credentials, origin and method overrides never reach HubSpot") {
  http::Fields fields;
  for (std::string_view name :
       {"Authorization", "COOKIE", "X-Forwarded-For", "x-forwarded-host", "Forwarded", "X-Real-IP",
        "X-HTTP-Method-Override", "X-Method-Override", "Proxy-Authorization", "hapikey", "Host", "Via",
        "Expect", "X-Hubward-Anything"})
    fields.add(name, "x");
  fields.add("Content-Type", "application/json");
  fields.add("Accept-Encoding", "gzip");
  fields.add("User-Agent", "sdk");

  SUBCASE("when we read the answer, it must come unencoded") {
    prepare_for_hubspot(fields, Encoding::Identity);
    CHECK(fields.find("accept-encoding") == "identity");
  }
  SUBCASE("when we do not, it comes as the caller asked") {
    prepare_for_hubspot(fields, Encoding::AsAsked);
    CHECK(fields.find("accept-encoding") == "gzip");
  }
  CHECK(fields.size() == 3);
  CHECK(fields.find("content-type") == "application/json");
  CHECK(fields.find("user-agent") == "sdk");
}

TEST_CASE("a Location that leads to HubSpot leads to the gateway instead, any other stays") {
  http::Origin upstream{http::Origin::Scheme::Http, "127.0.0.1", 8081};
  for (auto [from, to] :
       {std::pair{"https://api.hubapi.com/crm/v3/x?after=1", "https://gw:1/c/acme/crm/v3/x?after=1"},
        {"HTTPS://API.HubAPI.com:443/crm", "https://gw:1/c/acme/crm"},
        {"//api-eu1.hubapi.com/crm", "https://gw:1/c/acme/crm"},
        {"http://127.0.0.1:8081/crm", "https://gw:1/c/acme/crm"},
        {"/crm/v3/x//y", "https://gw:1/c/acme/crm/v3/x//y"},
        {"https://cdn.example.com/f?u=//api.hubapi.com/", "https://cdn.example.com/f?u=//api.hubapi.com/"},
        {"https://api.hubapi.com.example.com/x", "https://api.hubapi.com.example.com/x"},
        {"http://127.0.0.1:8082/crm", "http://127.0.0.1:8082/crm"},
        {"next", "next"}}) {
    CAPTURE(from);
    http::Fields fields;
    fields.add("location", from);
    lead_back(fields, upstream, "https://gw:1/c/acme");
    CHECK(fields.find("Location") == to);
  }
}

TEST_CASE("what HubSpot's edge says to browsers does not reach the caller") {
  http::Fields fields;
  for (std::string_view name : {"Set-Cookie", "Alt-Svc", "Strict-Transport-Security", "Report-To", "NEL"})
    fields.add(name, "x");
  fields.add("set-cookie", "y");
  fields.add("X-HubSpot-Correlation-Id", "c");
  prepare_for_caller(fields);
  CHECK(fields.size() == 1);
  CHECK(fields.find("x-hubspot-correlation-id") == "c");
}
