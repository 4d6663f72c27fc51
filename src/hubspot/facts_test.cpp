// SPDX-License-Identifier: Apache-2.0
// Scopes, regions and the two ways of error bodies.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/json.hpp"
#include "hubspot/error_envelope.hpp"
#include "hubspot/regions.hpp"
#include "hubspot/scopes.hpp"

using namespace hubward;
using namespace hubward::hubspot;

TEST_CASE("scopes are a set, and what is missing is the shortest way to enough") {
  ScopeSet granted = ScopeSet::parse("oauth crm.objects.contacts.read  oauth");
  CHECK(granted.to_text() == "crm.objects.contacts.read oauth");
  CHECK(granted == ScopeSet({"oauth", "crm.objects.contacts.read", ""}));
  CHECK(granted.has("oauth"));
  CHECK_FALSE(granted.has("oaut"));

  ScopeNeed either{{{"tickets"}, {"oauth"}}}, both{{{"crm.objects.contacts.read", "sales-email-read"}}},
      none{};
  std::vector<const ScopeNeed*> easy{&either}, hard{&either, &both}, free{&none};
  CHECK(sufficient(granted, easy));
  CHECK(sufficient(granted, free));
  CHECK(sufficient(granted, {}));
  CHECK_FALSE(sufficient(granted, hard));
  CHECK(missing_scopes(granted, hard) == std::vector<std::string_view>{"sales-email-read"});
  CHECK(to_text(either) == "tickets, or oauth");
  CHECK(to_text(both) == "crm.objects.contacts.read and sales-email-read");
}

TEST_CASE("hosts come from the family and the region") {
  CHECK(default_host(HostFamily::Api) == "api.hubapi.com");
  CHECK(default_host(HostFamily::Forms) == "api.hsforms.com");
  CHECK(regional_host(HostFamily::Api, {"eu1"}) == "api-eu1.hubapi.com");
  CHECK(regional_host(HostFamily::Forms, {"eu1"}) == "api-eu1.hsforms.com");
  CHECK(regional_host(HostFamily::Api, {"na1"}) == "api.hubapi.com");
  for (std::string_view host : {"api.hubapi.com", "API.hubapi.com", "api.hubapi.com.", "api-eu1.hubapi.com",
                                "api.hubspot.com", "api-na3.hubspot.com", "api.hsforms.com"}) {
    CAPTURE(host);
    CHECK(is_hubspot_api_host(host));
  }
  for (std::string_view host :
       {"", "hubapi.com", "api.hubapi.com.evil.example", "xapi.hubapi.com", "api-.hubapi.com",
        "api-eu.hubapi.com", "api-eu1x.hubapi.com", "apieu1.hubapi.com", "app.hubspot.com",
        "api.hubapi.com:443", "api-evil.hubapi.com"}) {
    CAPTURE(host);
    CHECK_FALSE(is_hubspot_api_host(host));
  }
  for (std::string_view hublet : {"na1", "eu1", "ap12"}) CHECK(hublet_from(hublet));
  for (std::string_view no : {"", "n1", "na", "na123", "NA1", "na1-", "1na"}) CHECK_FALSE(hublet_from(no));
}

TEST_CASE("our own errors have HubSpot's envelope") {
  CHECK(
      envelope({"HUBWARD_ROLE_DENIED", "no \"rule\"", "c-1", {}, {}}) ==
      R"({"status":"error","message":"no \"rule\"","correlationId":"c-1","category":"HUBWARD_ROLE_DENIED"})");
  CHECK(
      envelope({"HUBWARD_A", "m", "c", {{"rule", {"r"}}, {"scopes", {"a", "b"}}}, "SECONDLY"}) ==
      R"({"status":"error","message":"m","correlationId":"c","category":"HUBWARD_A","errorType":"RATE_LIMIT",)"
      R"("policyName":"SECONDLY","context":{"rule":["r"],"scopes":["a","b"]}})");
  OwnError error = own_error({"PATH_REFUSED", Fault::Caller, Retry::Never, "the path is bad"}, "c-2");
  CHECK(error.category == "HUBWARD_PATH_REFUSED");
  CHECK(Json::parse(envelope(error))->find("correlationId")->text() == "c-2");
}

TEST_CASE("HubSpot's errors are understood in every documented form") {
  using Kind = HubSpotError::Kind;
  struct Row {
    int status;
    std::string_view body;
    Kind kind;
    std::string_view category, policy;
  };
  const std::vector<Row> rows = {
      {401,
       R"({"status":"error","message":"x","correlationId":"c","category":"EXPIRED_AUTHENTICATION","context":{"expire time":["t"]}})",
       Kind::ExpiredToken, "EXPIRED_AUTHENTICATION", ""},
      {401, R"({"message":"The OAuth token used to make this call expired 3 second(s) ago."})",
       Kind::ExpiredToken, "", ""},
      {401, R"({"category":"INVALID_AUTHENTICATION"})", Kind::InvalidToken, "INVALID_AUTHENTICATION", ""},
      {401, "Any of the listed authentication credentials are missing", Kind::InvalidToken, "", ""},
      {403, R"({"category":"MISSING_SCOPES"})", Kind::MissingScopes, "MISSING_SCOPES", ""},
      {403, R"({"message":"This app hasn't been granted all required scopes to make this call."})",
       Kind::MissingScopes, "", ""},
      {403, R"({"category":"MISSING_PERMISSIONS"})", Kind::MissingPermissions, "MISSING_PERMISSIONS", ""},
      {403, "<html>", Kind::Other, "", ""},
      {400,
       R"({"category":"BAD_REQUEST","errors":[{"message":"one or more associations are not valid","context":{"validationResult":["USER_DOES_NOT_HAVE_PERMISSIONS"]}}]})",
       Kind::MissingPermissions, "BAD_REQUEST", ""},
      {400, R"({"category":"VALIDATION_ERROR"})", Kind::Other, "VALIDATION_ERROR", ""},
      {404, R"({"status":"error","message":"resource not found","correlationId":"c"})", Kind::Other, "", ""},
      {409, R"({"category":"CONFLICT"})", Kind::Other, "CONFLICT", ""},
      {423, R"({"category":"LOCKED"})", Kind::Locked, "LOCKED", ""},
      {429,
       R"({"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY"})",
       Kind::DailyLimit, "RATE_LIMIT", "DAILY"},
      {429, R"({"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING","groupName":"g"})",
       Kind::TenSecondlyLimit, "RATE_LIMIT", "TEN_SECONDLY_ROLLING"},
      {429, R"({"policyName":"SECONDLY"})", Kind::SecondlyLimit, "", "SECONDLY"},
      {429, R"({"message":"You have reached your secondly limit.","category":"RATE_LIMITS"})",
       Kind::SecondlyLimit, "RATE_LIMITS", "SECONDLY"},
      {429, R"({"message":"You have reached your ten_secondly_rolling limit."})", Kind::TenSecondlyLimit, "",
       ""},
      {429, "", Kind::TenSecondlyLimit, "", ""},
      {477, "", Kind::Migrating, "", ""},
      {502, "<html>", Kind::Unavailable, "", ""},
      {524, "", Kind::Unavailable, "", ""},
      {500, R"({"category":"INTERNAL_ERROR"})", Kind::Other, "INTERNAL_ERROR", ""},
      {401, R"({"category":{"a":1},"correlationId":["x"],"errors":"no"})", Kind::InvalidToken, "", ""},
      {401, R"({"category":"with spaces and\nlines"})", Kind::InvalidToken, "", ""},
      {401, "[1,2]", Kind::InvalidToken, "", ""},
      {401, R"({"category":"EXPIRED_AUTHEN)", Kind::InvalidToken, "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    HubSpotError error = read_error(row.status, row.body);
    CHECK(error.kind == row.kind);
    CHECK(error.category == row.category);
    CHECK(error.user_lacks_permissions == row.body.contains("USER_DOES_NOT_HAVE_PERMISSIONS"));
    if (!row.policy.empty()) CHECK(error.policy_name == row.policy);
  }
}

TEST_CASE("missing scopes are read from wherever HubSpot puts them") {
  HubSpotError any = read_error(403, R"({"category":"MISSING_SCOPES","correlationId":"abc-1","errors":[
    {"message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["a.read","b"]}}]})");
  CHECK(any.required_scopes == std::vector<std::string>{"a.read", "b"});
  CHECK_FALSE(any.all_scopes_required);
  CHECK(any.correlation_id == "abc-1");
  HubSpotError all = read_error(403, R"({"errors":[{"message":"All of the following scopes are required.",
    "context":{"requiredScopes":["a","b",7,"not a scope"]}}]})");
  CHECK(all.kind == HubSpotError::Kind::MissingScopes);
  CHECK(all.required_scopes == std::vector<std::string>{"a", "b"});
  CHECK(all.all_scopes_required);
  HubSpotError outside = read_error(403, R"({"context":{"requiredGranularScopes":["a"]}})");
  CHECK(outside.required_scopes == std::vector<std::string>{"a"});
}
