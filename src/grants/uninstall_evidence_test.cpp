// SPDX-License-Identifier: Apache-2.0
#include "grants/uninstall_evidence.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::grants;

TEST_CASE("only a 401 about the access token itself speaks of an uninstall") {
  struct Row {
    int status;
    std::string_view body;
    AccessToken expected;
  };
  const Row rows[] = {
      {200, R"({"portalId":111,"dataHostingLocation":"na1"})", AccessToken::Honoured},
      {200, R"({"portalId":222,"dataHostingLocation":"na1"})", AccessToken::Unknown},
      {200, "<html>", AccessToken::Unknown},
      {401, R"({"status":"error","category":"INVALID_AUTHENTICATION"})", AccessToken::Refused},
      {401, R"({"status":"error","category":"EXPIRED_AUTHENTICATION"})", AccessToken::Unknown},
      {401, "", AccessToken::Unknown},
      {403, R"({"status":"error","category":"INVALID_AUTHENTICATION"})", AccessToken::Unknown},
      {403, R"({"status":"error","category":"MISSING_SCOPES"})", AccessToken::Unknown},
      {404, R"({"status":"error","category":"OBJECT_NOT_FOUND"})", AccessToken::Unknown},
      {429, R"({"status":"error","category":"RATE_LIMITS"})", AccessToken::Unknown},
      {500, R"({"status":"error","category":"INVALID_AUTHENTICATION"})", AccessToken::Unknown},
      {503, "", AccessToken::Unknown}};
  for (const Row& row : rows) {
    hubspot::OauthAnswer answer{row.status, std::nullopt, Secret(row.body)};
    CHECK_MESSAGE(access_token_after(hubspot::read_account_details(answer), HubId{111}) == row.expected,
                  row.status << " " << row.body);
  }
}

TEST_CASE("a death is told with its reason, as far as it is known") {
  ConnectionView view;
  view.name = {"acme-prod"};
  view.app = {"crm"};
  view.hub_id = {111};
  LastTrouble said{TimePoint(), "BAD_REFRESH_TOKEN", "Connect again."};
  CHECK(reason_of_death(view, said, AccessToken::Unknown).cause == "BAD_REFRESH_TOKEN");
  CHECK(reason_of_death(view, said, AccessToken::Unknown).next_step == "Connect again.");
  CHECK(reason_of_death(view, said, AccessToken::Honoured).cause ==
        "the refresh token was revoked, while the app is still installed in account 111 (BAD_REFRESH_TOKEN)");
  LastTrouble gone = reason_of_death(view, said, AccessToken::Refused);
  CHECK(gone.cause ==
        "the app was uninstalled from account 111: HubSpot honours neither its refresh token nor its access "
        "token (BAD_REFRESH_TOKEN)");
  CHECK(gone.next_step ==
        "Let it go with hubward connection disconnect acme-prod, or have the account install the app again: "
        "hubward connection invite acme-prod --app crm (name and policy stay).");
}
