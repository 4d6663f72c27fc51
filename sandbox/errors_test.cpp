// SPDX-License-Identifier: Apache-2.0
// The tables of hubspot.md sections 5.3 and 6, and the order of checks of section 13.
#include <doctest/doctest.h>

#include "sandbox/fake_lab.hpp"

namespace hubward::sandbox {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("what is wrong with a call is said as HubSpot says it") {
  struct Case {
    const char *method, *target, *body;
    int status;
    const char *category, *message;
  };
  const Case cases[] = {
      {"GET", "/nowhere", "", 404, "", "resource not found"},
      {"GET", "/crm/v9/objects/contacts", "", 404, "", "resource not found"},
      {"PUT", "/crm/v3/objects/contacts", "{}", 405, "VALIDATION_ERROR", "Method not allowed"},
      {"GET", "/crm/v3/objects/dragons", "", 400, "", "Unable to infer object type from: dragons"},
      {"GET", "/crm/v3/objects/contacts/999999", "", 404, "OBJECT_NOT_FOUND",
       "Object not found. objectId are usually numeric."},
      {"GET", "/crm/v3/objects/contacts/a@b.example?idProperty=email", "", 404, "", "resource not found"},
      {"POST", "/crm/v3/objects/contacts", "{\"properties\":", 400, "VALIDATION_ERROR",
       "Invalid input JSON on line 1, column "},
      {"POST", "/crm/v3/objects/contacts", R"({"properties":{"nope":"1"}})", 400, "VALIDATION_ERROR",
       "Property values were not valid: [{\"isValid\":false,\"message\":\"Property \\\"nope\\\" does not "
       "exist\",\"error\":\"PROPERTY_DOESNT_EXIST\""},
      {"POST", "/crm/v3/objects/contacts", R"({"properties":{"hs_object_id":"1"}})", 400, "VALIDATION_ERROR",
       "Property values were not valid: "},
      {"POST", "/crm/v3/objects/tickets", R"({"properties":{"subject":"x"}})", 400, "VALIDATION_ERROR",
       "Error creating TICKET. Some required properties were not set."},
      {"POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"known@a.example"}})", 409, "CONFLICT",
       "Contact already exists. Existing ID: 101"},
      {"POST", "/crm/v3/objects/contacts/search",
       R"({"filterGroups":[{"filters":[{"propertyName":"x","operator":"EQ","value":"1"}]}]})", 400,
       "VALIDATION_ERROR", "There was a problem with the request."},
      {"GET", "/crm/v3/objects/contacts?limit=101", "", 400, "VALIDATION_ERROR",
       "limit must be between 1 and 100"},
  };
  Lab lab;
  lab.world.settings.search_limit = false;
  REQUIRE(lab.contact("known@a.example") == "101");
  for (const Case& c : cases) {
    CAPTURE(c.target);
    Answer answer = lab.call(c.method, c.target, c.body);
    const Json body = Lab::json(answer);
    CHECK(answer.status == c.status);
    CHECK(body["status"].text() == "error");
    CHECK(body["category"].text_or("") == c.category);
    CHECK(body["message"].text_or("").starts_with(c.message));
    CHECK(body["correlationId"].text_or("x") == answer.field("X-HubSpot-Correlation-Id"));
    CHECK(answer.field("Content-Type") == "application/json;charset=utf-8");
  }
}

TEST_CASE("property values are refused with the codes of section 6.4") {
  struct Case {
    const char *type, *name, *value, *code;
  };
  Lab lab;
  lab.world.settings.burst_limit = false;
  lab.call(
      "POST", "/crm/v3/properties/contacts",
      R"({"name":"born","label":"Born","type":"date","fieldType":"date","groupName":"contactinformation"})");
  for (const Case& c : {
           Case{"contacts", "nope", "1", "PROPERTY_DOESNT_EXIST"},
           Case{"contacts", "lastmodifieddate", "1", "READ_ONLY_VALUE"},
           Case{"contacts", "lifecyclestage", "dragon", "INVALID_OPTION"},
           Case{"contacts", "email", "not an address", "INVALID_EMAIL"},
           Case{"deals", "amount", "many", "INVALID_INTEGER"},
           Case{"deals", "closedate", "soon", "INVALID_LONG"},
           Case{"contacts", "born", "1700000000001", "INVALID_DATE"},
       }) {
    CAPTURE(c.code);
    Answer answer = lab.call("POST", "/crm/v3/objects/" + std::string(c.type),
                             "{\"properties\":{\"" + std::string(c.name) + "\":\"" + c.value + "\"}}");
    const Json body = Lab::json(answer);
    CHECK(answer.status == 400);
    const Json& error = body["errors"].items().at(0);
    CHECK(error["code"].text() == c.code);
    CHECK(error["context"]["propertyName"].items().at(0).text() == c.name);
    CHECK(body["message"].text_or("").contains(c.code));
  }
}

TEST_CASE("who calls without a good token is told so, and how long an expired one is dead") {
  Lab lab;
  for (const char* token : {"", "pat-na1-unknown"}) {
    lab.token = token;
    Answer answer = lab.call("GET", "/crm/v3/objects/contacts");
    CHECK(answer.status == 401);
    CHECK(answer.field("x-hubspot-auth-failure") == "401 Unauthorized");
    CHECK(Lab::json(answer)["category"].text() == "INVALID_AUTHENTICATION");
    CHECK(Lab::json(answer)["message"].text_or("").starts_with(
        "Authentication credentials not found. This API supports OAuth 2.0"));
  }
  const Json tokens = lab.exchanged();
  lab.token = tokens["access_token"].text_or("");
  TimePoint end = lab.clock.now() + 1800s;
  lab.clock.advance(1805s);
  Answer answer = lab.call("GET", "/crm/v3/objects/contacts");
  const Json body = Lab::json(answer);
  CHECK(answer.status == 401);
  CHECK(body["category"].text() == "EXPIRED_AUTHENTICATION");
  CHECK(body["message"].text() == "The OAuth token used to make this call expired 5 second(s) ago.");
  CHECK(body["context"]["expire time"].items().at(0).text() == to_iso8601(end));
}

TEST_CASE("missing scopes are named, one or all of them") {
  Lab lab;
  lab.token = Lab::readonly_token;
  Answer answer = lab.call("POST", "/crm/v3/objects/contacts", R"({"properties":{}})");
  const Json body = Lab::json(answer);
  CHECK(answer.status == 403);
  CHECK(body["category"].text() == "MISSING_SCOPES");
  CHECK(body["message"].text() ==
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        "here: "
        "https://developers.hubspot.com/scopes.");
  CHECK(body["errors"].items().at(0)["message"].text() ==
        "One or more of the following scopes are required.");
  CHECK(body["errors"].items().at(0)["context"]["requiredGranularScopes"] ==
        Json::array({"crm.objects.contacts.write"}));
  CHECK(body["links"]["scopes"].text() == "https://developers.hubspot.com/scopes");
  const Json both = Lab::json(lab.call("GET", "/crm/v4/objects/contacts/1/associations/companies"));
  CHECK(both["errors"].items().at(0)["message"].text() == "All of the following scopes are required.");
  CHECK(both["errors"].items().at(0)["context"]["requiredGranularScopes"] ==
        Json::array({"crm.objects.contacts.read", "crm.objects.companies.read"}));
  CHECK(lab.call("GET", "/crm/v3/objects/tickets").status == 403);
  CHECK(lab.call("GET", "/crm/v3/objects/contacts").status == 200);
}

TEST_CASE("a call is checked in the order route, credential, limit, scope, body, record") {
  Lab lab;
  lab.token = "";
  CHECK(lab.call("GET", "/nowhere").status == 404);
  CHECK(lab.call("POST", "/crm/v3/objects/contacts").status == 401);
  lab.token = Lab::readonly_token;
  CHECK(lab.call("POST", "/crm/v3/objects/contacts", "not json").status == 403);
  lab.token = Lab::private_token;
  CHECK(lab.call("PATCH", "/crm/v3/objects/contacts/1").status == 415);
  CHECK(lab.call("PATCH", "/crm/v3/objects/contacts/1", "not json").status == 400);
  CHECK(lab.call("PATCH", "/crm/v3/objects/contacts/1", "{}").status == 404);
  lab.token = Lab::readonly_token;
  for (int i = 0; i < 200; ++i) lab.call("GET", "/crm/v3/objects/contacts");
  CHECK(lab.call("POST", "/crm/v3/objects/contacts", "not json").status == 429);
}

TEST_CASE("what HubSpot's edge adds comes along, so that a proxy's stripping can be seen") {
  Lab lab;
  Answer answer = lab.call("GET", "/crm/v3/objects/contacts");
  for (const char* name : {"X-HubSpot-Correlation-Id", "Set-Cookie", "Strict-Transport-Security", "Report-To",
                           "NEL", "alt-svc", "CF-RAY", "X-Trace", "X-Content-Type-Options"}) {
    CAPTURE(name);
    CHECK_FALSE(answer.field(name).empty());
  }
  CHECK(answer.field("Set-Cookie").starts_with("__cf_bm="));
}

}  // namespace hubward::sandbox
