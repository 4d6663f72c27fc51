// SPDX-License-Identifier: Apache-2.0
#include "hubspot/oauth.hpp"

#include <doctest/doctest.h>

#include "core/json.hpp"
#include "hubspot/secret_json.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

OauthAnswer answer(int status, std::string_view body) {
  return {status, std::nullopt, Secret(body)};
}

template <class T>
const OauthRefusal* refused(const OauthOutcome<T>& outcome) {
  return std::get_if<OauthRefusal>(&outcome);
}
template <class T>
const OauthTrouble* troubled(const OauthOutcome<T>& outcome) {
  return std::get_if<OauthTrouble>(&outcome);
}

const Secret client_secret("5ec7e7aa-0000-4000-8000-00000000beef");
const ClientIdentity client{"0c11e271-0000-4000-8000-000000000001", client_secret};

}  // namespace

TEST_CASE("the authorize address carries everything percent-encoded, in the order of HubSpot's client") {
  AuthorizeQuestion question{.client_id = "0c11",
                             .redirect_uri = "https://hubward.example.com/oauth/crm/callback",
                             .scopes = {"oauth", "crm.objects.contacts.read"},
                             .optional_scopes = {},
                             .state = "s-1",
                             .code_challenge = {}};
  CHECK(authorize_address("https://app.hubspot.com", question) ==
        "https://app.hubspot.com/oauth/authorize?client_id=0c11"
        "&redirect_uri=https%3A%2F%2Fhubward.example.com%2Foauth%2Fcrm%2Fcallback"
        "&scope=oauth%20crm.objects.contacts.read&state=s-1");
  question.optional_scopes = {"tickets"};
  // RFC 7636 appendix B
  question.code_challenge = code_challenge_of(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  CHECK(authorize_address("https://app.hubspot.com", question)
            .ends_with(
                "&optional_scope=tickets&state=s-1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
                "&code_challenge_method=S256"));
}

TEST_CASE("forms keep the key order of HubSpot's client and never put a secret into the target") {
  OauthCall exchange =
      exchange_call(OauthVersion::Dated2026_03, client, Secret("na1-c0de"), "https://a/b", nullptr);
  CHECK(exchange.method == "POST");
  CHECK(exchange.target == "/oauth/2026-03/token");
  CHECK(exchange.content_type == "application/x-www-form-urlencoded");
  CHECK(exchange.body.reveal_text() ==
        "grant_type=authorization_code&code=na1-c0de&redirect_uri=https%3A%2F%2Fa%2Fb"
        "&client_id=0c11e271-0000-4000-8000-000000000001&client_secret=5ec7e7aa-0000-4000-8000-00000000beef");
  Secret verifier("v+1");
  CHECK(exchange_call(OauthVersion::V3, client, Secret("c"), "https://a/b", &verifier)
            .body.reveal_text()
            .ends_with("&code_verifier=v%2B1"));
  CHECK(refresh_call(OauthVersion::V1, client, Secret("na1-r")).body.reveal_text() ==
        "grant_type=refresh_token&client_id=0c11e271-0000-4000-8000-000000000001"
        "&client_secret=5ec7e7aa-0000-4000-8000-00000000beef&refresh_token=na1-r");
  CHECK(static_token_info_call(Secret("pat-na1-x")).body.reveal_text() == R"({"tokenKey":"pat-na1-x"})");
  CHECK(account_details_call(Secret("t")).bearer->reveal_text() == "t");
}

TEST_CASE("version 1 serves the token call only") {
  struct Row {
    OauthVersion version;
    std::string_view token, introspect, revoke;
  };
  const Row rows[] = {
      {OauthVersion::V1, "/oauth/v1/token", "/oauth/2026-03/token/introspect", "/oauth/2026-03/token/revoke"},
      {OauthVersion::V3, "/oauth/v3/token", "/oauth/v3/token/introspect", "/oauth/v3/token/revoke"},
      {OauthVersion::Dated2026_09, "/oauth/2026-09/token", "/oauth/2026-09/token/introspect",
       "/oauth/2026-09/token/revoke"}};
  for (const Row& row : rows) {
    CHECK(refresh_call(row.version, client, Secret("r")).target == row.token);
    CHECK(introspect_call(row.version, client, Secret("t"), TokenKind::Access).target == row.introspect);
    CHECK(revoke_call(row.version, client, Secret("t"), TokenKind::Refresh).target == row.revoke);
    CHECK(oauth_version(to_text(row.version)) == row.version);
  }
  CHECK_FALSE(oauth_version("v2"));
}

TEST_CASE("a token answer is read in the long and in the short form") {
  auto full = read_token_answer(
      answer(200, R"({"token_type":"bearer","refresh_token":"na1-r","access_token":"CIaT","expires_in":1800,)"
                  R"("token_use":"access_token","hub_id":123,"user_id":7,"scopes":["oauth","tickets"]})"));
  const Granted& granted = std::get<Granted>(full);
  CHECK(granted.access_token.reveal_text() == "CIaT");
  CHECK(granted.refresh_token->reveal_text() == "na1-r");
  CHECK(granted.expires_in == std::chrono::seconds(1800));
  CHECK(granted.hub_id == HubId{123});
  CHECK(granted.user_id == 7);
  CHECK(granted.scopes == std::vector<std::string>{"oauth", "tickets"});

  auto v1 = read_token_answer(answer(200, R"({"access_token":"C\u0049aT","expires_in":99999999999})"));
  CHECK(std::get<Granted>(v1).access_token.reveal_text() == "CIaT");
  CHECK_FALSE(std::get<Granted>(v1).refresh_token);
  CHECK(std::get<Granted>(v1).expires_in == std::chrono::days(366));
}

TEST_CASE("an answer that breaks the rules is trouble, never a grant and never a verdict") {
  for (std::string_view body :
       {"", "{", "[]", "null", R"({"access_token":"t"})", R"({"access_token":"","expires_in":1800})",
        R"({"access_token":"a b","expires_in":1800})", R"({"access_token":"a\nb","expires_in":1800})",
        R"({"access_token":"t","expires_in":0})", R"({"access_token":"t","expires_in":-5})",
        R"({"access_token":"t","expires_in":"1800"})",
        R"({"access_token":"t","expires_in":1800,"token_type":"mac"})",
        R"({"access_token":"t","access_token":"u","expires_in":1800})",
        R"({"access_token":"t","expires_in":1800}x)", R"({"access_token":7,"expires_in":1800})"}) {
    auto outcome = read_token_answer(answer(200, body));
    CHECK_MESSAGE(troubled(outcome) != nullptr, body);
  }
  std::string long_token(longest_token + 1, 'a');
  CHECK(troubled(read_token_answer(answer(200, R"({"expires_in":9,"access_token":")" + long_token + "\"}"))));
  for (int status : {201, 204, 301, 302, 408, 423, 429, 477, 500, 502, 503, 524}) {
    auto outcome =
        read_token_answer(answer(status, R"({"error":"invalid_grant","status":"BAD_REFRESH_TOKEN"})"));
    CHECK_MESSAGE(troubled(outcome) != nullptr, status);
  }
  CHECK(troubled(read_token_answer(answer(400, "<html>"))));
  CHECK(troubled(read_token_answer(answer(404, "{}"))));
}

TEST_CASE("refusals are understood in both forms; only a verdict about the refresh token is one") {
  struct Row {
    int status;
    std::string_view body;
    std::string_view shown;
    bool dead, client, secret;
  };
  const Row rows[] = {
      {400, R"({"error":"invalid_grant","error_description":"t","status":"BAD_REFRESH_TOKEN","message":"t"})",
       "BAD_REFRESH_TOKEN (invalid_grant)", true, false, false},
      {400, R"({"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"})",
       "BAD_REFRESH_TOKEN", true, false, false},
      {400, R"({"error":"invalid_grant"})", "invalid_grant", true, false, false},
      {401, R"({"error":"invalid_grant"})", "invalid_grant", false, false, false},
      {400, R"({"status":"BAD_AUTH_CODE","error":"invalid_grant"})", "BAD_AUTH_CODE (invalid_grant)", false,
       false, false},
      {400, R"({"status":"BAD_REDIRECT_URI","error":"invalid_grant"})", "BAD_REDIRECT_URI (invalid_grant)",
       false, false, false},
      {400, R"({"status":"BAD_HUB","error":"access_denied"})", "BAD_HUB (access_denied)", false, false,
       false},
      {400, R"({"status":"BAD_CLIENT_ID","error":"invalid_client"})", "BAD_CLIENT_ID (invalid_client)", false,
       true, false},
      {400, R"({"status":"BAD_CLIENT_SECRET"})", "BAD_CLIENT_SECRET", false, true, true},
      {401, R"({"error":"invalid_client"})", "invalid_client", false, true, true},
      {401, R"({"status":"error","category":"INVALID_AUTHENTICATION","message":"m"})",
       "INVALID_AUTHENTICATION", false, false, false},
      {400, R"({"status":"<script>","error":"x y","category":"c"})", "", false, false, false},
      // What we sent comes back in a name's place: it must not get into a sentence.
      {400, R"({"error":"na1-426b-7fce-a107-a31d-f52c3f3bb92c"})", "", false, false, false},
      {400, R"({"status":"BAD_HUB","error":"pat-na1-11111111-2222-3333-4444-555555555555"})", "BAD_HUB",
       false, false, false}};
  for (const Row& row : rows) {
    auto outcome = read_token_answer(answer(row.status, row.body));
    if (row.shown.empty()) {
      CHECK_MESSAGE(troubled(outcome) != nullptr, row.body);
      continue;
    }
    const OauthRefusal* refusal = refused(outcome);
    REQUIRE_MESSAGE(refusal != nullptr, row.body);
    CHECK(refusal->shown() == row.shown);
    CHECK_MESSAGE(refusal->refresh_token_is_dead() == row.dead, row.body);
    CHECK_MESSAGE(refusal->client_is_wrong() == row.client, row.body);
    CHECK_MESSAGE(refusal->client_secret_is_wrong() == row.secret, row.body);
  }
}

TEST_CASE("introspection tells a live token from a dead one") {
  auto live = read_introspection(
      answer(200, R"({"active":true,"token":"CIaT","token_use":"access_token","client_id":"0c11","app_id":5,)"
                  R"("hub_id":123,"user_id":7,"scopes":["oauth"],"expires_in":1700,)"
                  R"("signed_access_token":{"hublet":"na1","signature":"xyz","scopes":"AAE="}})"));
  const auto& facts = std::get<TokenFacts>(std::get<0>(live));
  CHECK(facts.hub_id == HubId{123});
  CHECK(facts.client_id == "0c11");
  CHECK(facts.app_id == 5);
  CHECK(facts.expires_in == std::chrono::seconds(1700));
  auto dead = read_introspection(answer(200, R"({"active":false})"));
  CHECK(std::holds_alternative<TokenInactive>(std::get<0>(dead)));
  for (std::string_view body : {"{}", R"({"active":true})", R"({"active":"true","hub_id":1})",
                                R"({"active":true,"hub_id":0})", R"({"active":true,"hub_id":-1})"})
    CHECK_MESSAGE(troubled(read_introspection(answer(200, body))) != nullptr, body);
}

TEST_CASE("static tokens and accounts are read; what is missing is trouble") {
  auto info =
      read_static_token_info(answer(200, R"({"userId":7,"hubId":123,"appId":5,"scopes":["oauth","x"]})"));
  CHECK(std::get<TokenFacts>(info).hub_id == HubId{123});
  CHECK(std::get<TokenFacts>(info).scopes.size() == 2);
  CHECK(troubled(read_static_token_info(answer(200, R"({"userId":7})"))));
  auto details = read_account_details(answer(
      200, R"({"portalId":123,"accountType":"STANDARD","timeZone":"Europe/Berlin",)"
           R"("uiDomain":"app-eu1.hubspot.com","dataHostingLocation":"eu1","additionalCurrencies":[]})"));
  CHECK(std::get<AccountDetails>(details).region == "eu1");
  CHECK(std::get<AccountDetails>(details).hub_id == HubId{123});
  CHECK(troubled(read_account_details(answer(200, "{}"))));
  CHECK(std::holds_alternative<Done>(read_acknowledgement(answer(204, ""))));
  CHECK(refused(read_acknowledgement(answer(400, R"({"status":"BAD_CLIENT_ID"})"))));
}

TEST_CASE("the reader of secrets takes nothing that the general reader refuses") {
  const std::string_view bodies[] = {"{}",
                                     " { } ",
                                     R"({"a":1})",
                                     R"({"a":-0.5e+10,"b":[1,{"c":null}],"d":"\u00e9\ud83d\ude00\n"})",
                                     R"({"a":01})",
                                     R"({"a":+1})",
                                     R"({"a":.5})",
                                     R"({"a":1.})",
                                     R"({"a":1e})",
                                     R"({"a":"\ud800"})",
                                     R"({"a":"\udc00"})",
                                     R"({"a":"\x"})",
                                     "{\"a\":\"\x01\"}",
                                     "{\"a\":\"\xc0\x80\"}",
                                     "{\"a\":\"\xed\xa0\x80\"}",
                                     "{\"a\":\"\xf4\x90\x80\x80\"}",
                                     R"({"a":1,})",
                                     R"({,"a":1})",
                                     R"({"a" 1})",
                                     R"({"a":tru})",
                                     R"({"a":1}})",
                                     R"({"a":{"b":1,"b":2}})",
                                     R"(["a"])",
                                     "{\"a\":1}\xef\xbb\xbf",
                                     R"({a:1})",
                                     R"({"a":'b'})",
                                     R"({"a":1 2})"};
  for (std::string_view body : bodies) {
    Result<Json> general = Json::parse(body);
    CHECK_MESSAGE(SecretJson::read(body).has_value() == (general && general->is_object()), body);
  }
  CHECK_FALSE(SecretJson::read(R"({"\u0061":1})"));  // names have one spelling
  std::string deep = R"({"a":)" + std::string(20, '[') + std::string(20, ']') + "}";
  CHECK_FALSE(SecretJson::read(deep));
  auto json = SecretJson::read(R"({"t":"\u00e9\ud83d\ude00\"\/","list":["a","b"],"mixed":["a",1]})").value();
  CHECK(json.text("t", 100) == "\u00e9\U0001F600\"/");
  CHECK_FALSE(json.text("t", 3));
  CHECK(json.texts("list", 2)->size() == 2);
  CHECK_FALSE(json.texts("list", 1));
  CHECK_FALSE(json.texts("mixed", 9));
}
