// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/encoding.hpp"
#include "sandbox/fake_lab.hpp"

namespace hubward::sandbox {
namespace {

using namespace std::chrono_literals;

std::string refresh_form(const std::string& token) {
  return "grant_type=refresh_token&refresh_token=" + token + "&" + std::string(Lab::credentials);
}

}  // namespace

TEST_CASE("a person sees which app asks for what, and nothing of the address becomes markup") {
  Lab lab;
  Answer answer = lab.call("GET", "/oauth/authorize?" + std::string(Lab::client) + "&redirect_uri=" +
                                      std::string(Lab::redirect) + "&scope=oauth&state=%22%3E%3Cscript%3E");
  CHECK(answer.status == 200);
  CHECK(answer.field("Content-Type") == "text/html;charset=utf-8");
  CHECK(answer.field("Content-Security-Policy").contains("default-src 'none'"));
  CHECK(answer.body.contains("Acme (sandbox)"));
  CHECK(answer.body.contains("Beta (sandbox)"));
  CHECK_FALSE(answer.body.contains("<script"));
  answer = lab.call("GET", "/oauth/9100002/authorize?" + std::string(Lab::client) +
                               "&redirect_uri=" + std::string(Lab::redirect) + "&scope=oauth");
  CHECK(answer.body.contains("Beta (sandbox)"));
  CHECK_FALSE(answer.body.contains("Acme (sandbox)"));
}

TEST_CASE("an authorization that cannot be trusted ends on a page, not in a redirect") {
  Lab lab;
  std::string redirect(Lab::redirect), client(Lab::client);
  for (const std::string& query : {
           "client_id=unknown&redirect_uri=" + redirect + "&scope=oauth",
           client + "&redirect_uri=http%3A%2F%2Fevil.example%2F&scope=oauth",
           client + "&redirect_uri=" + redirect + "%2F&scope=oauth",
           client + "&redirect_uri=" + redirect + "&scope=crm.objects.contacts.read",
           client + "&redirect_uri=" + redirect + "&scope=oauth%20nonsense.scope",
       }) {
    CAPTURE(query);
    Answer answer = lab.call("GET", "/oauth/authorize?" + query + "&sandbox_auto_consent=9100001");
    CHECK(answer.status == 400);
    CHECK(answer.field("Location").empty());
  }
}

TEST_CASE("consent leads back with a code and the state, refusal with an error") {
  Lab lab;
  std::string target = "/oauth/authorize?" + std::string(Lab::client) +
                       "&redirect_uri=" + std::string(Lab::redirect) + "&scope=oauth&state=a%26b";
  Answer allowed = lab.form(target, "hub_id=9100001&decision=allow");
  CHECK(allowed.status == 302);
  CHECK(allowed.field("Location").starts_with("http://localhost:3000/oauth-callback?code=na1-"));
  CHECK(allowed.field("Location").ends_with("&state=a%26b"));
  Answer denied = lab.form(target, "hub_id=9100001&decision=deny");
  CHECK(denied.field("Location") ==
        "http://localhost:3000/"
        "oauth-callback?error=access_denied&error_description=The%20user%20denied%20access&state=a%26b");
  lab.control("PATCH", "/settings", R"({"auto_consent":false})");
  CHECK(lab.call("GET", target + "&sandbox_auto_consent=9100001").status == 200);
}

TEST_CASE("a code buys one token, in every version of the endpoint") {
  for (const char* version : {"v3", "2026-03", "2026-09"}) {
    CAPTURE(version);
    Lab lab;
    const Json tokens = lab.exchanged(version);
    CHECK(tokens["access_token"].text_or("").starts_with("C"));
    CHECK(tokens["refresh_token"].text_or("").starts_with("na1-"));
    CHECK(tokens["expires_in"].integer() == 1800);
    CHECK(tokens["token_type"].text() == "bearer");
    CHECK(tokens["token_use"].text() == "access_token");
    CHECK(tokens["hub_id"].integer() == 9100001);
  }
  Lab lab;
  const Json old = lab.exchanged("v1");
  CHECK(old.members().size() == 4);
  CHECK(old["access_token"].text_or("").size() > 100);
}

TEST_CASE("an access token is a protobuf message whose expiry and ids can be read") {
  Lab lab;
  auto bytes = from_base64url(lab.exchanged()["access_token"].text_or(""));
  REQUIRE(bytes);
  std::uint64_t expires = 0;
  for (std::size_t i = 1, shift = 0;; ++i, shift += 7) {
    auto byte = static_cast<std::uint64_t>((*bytes)[i]);
    expires |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  CHECK((*bytes)[0] == std::byte{8});
  CHECK(expires == static_cast<std::uint64_t>(to_millis(lab.clock.now() + 1800s)));
}

TEST_CASE("the token call refuses as HubSpot does, in the old form and in the new") {
  struct Case {
    const char *form, *status, *error, *old_message, *new_message;
  };
  const std::string good(Lab::credentials), redirect = "&redirect_uri=" + std::string(Lab::redirect);
  const std::string id(Lab::client);
  Lab lab;
  lab.exchanged();  // the account is installed
  std::string code_form =
      "grant_type=authorization_code&code=" + lab.code() + "&redirect_uri=http%3A%2F%2Fother%2F&" + good;
  std::string code_form_again =
      "grant_type=authorization_code&code=" + lab.code() + "&redirect_uri=http%3A%2F%2Fother%2F&" + good;
  std::string unknown_code = "grant_type=authorization_code&code=na1-1&" + good + redirect;
  std::string bad_refresh = "grant_type=refresh_token&refresh_token=na1-1&" + good;
  std::string no_client = "grant_type=refresh_token&refresh_token=x&client_id=x";
  std::string no_secret = "grant_type=refresh_token&refresh_token=x&client_secret=x&" + id;
  std::string no_scopes = "grant_type=client_credentials&scope=unknown&" + good;
  const Case cases[] = {
      {unknown_code.c_str(), "BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code",
       "missing or unknown auth code"},
      {bad_refresh.c_str(), "BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token",
       "refresh token is invalid, expired or revoked"},
      {no_client.c_str(), "BAD_CLIENT_ID", "invalid_client", "missing or invalid client id",
       "missing or invalid client id"},
      {no_secret.c_str(), "BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret",
       "missing or invalid client secret"},
      {"grant_type=password", "BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type",
       "missing or unknown grant type"},
      {no_scopes.c_str(), "BAD_SCOPES", "invalid_scope", "missing or unknown scopes",
       "missing or unknown scopes"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.status);
    Answer fresh = lab.form("/oauth/2026-03/token", c.form);
    CHECK(fresh.status == 400);
    CHECK(Lab::json(fresh) == Json::object({{"error", c.error},
                                            {"error_description", c.new_message},
                                            {"status", c.status},
                                            {"message", c.new_message}}));
    Answer old = lab.form("/oauth/v1/token", c.form);
    const Json body = Lab::json(old);
    CHECK(old.status == 400);
    CHECK(body["status"].text() == c.status);
    CHECK(body["message"].text() == c.old_message);
    CHECK(body["correlationId"].text_or("").size() == 36);
    CHECK_FALSE(body.has("error"));
  }
  CHECK(lab.form("/oauth/v3/token", code_form).body.contains("BAD_REDIRECT_URI"));
  CHECK(lab.form("/oauth/v1/token", code_form_again).body.contains("BAD_REDIRECT_URI"));
  std::string live(lab.exchanged()["refresh_token"].text_or(""));
  lab.control("PATCH", "/accounts/9100001", R"({"deleted":true})");
  Answer gone = lab.form("/oauth/v3/token", refresh_form(live));
  CHECK(Lab::json(gone)["status"].text() == "BAD_HUB");
  CHECK(Lab::json(gone)["error"].text() == "access_denied");
}

TEST_CASE("a code works once, for ten minutes, for its own client") {
  Lab lab;
  std::string code = lab.code();
  std::string form =
      "grant_type=authorization_code&code=" + code + "&redirect_uri=" + std::string(Lab::redirect) + "&";
  CHECK(lab.form("/oauth/v3/token", form + "client_id=22222222-0000-4000-8000-000000000001&client_secret="
                                           "22222222-0000-4000-8000-000000000002")
            .body.contains("BAD_AUTH_CODE"));
  CHECK(lab.form("/oauth/v3/token", form + std::string(Lab::credentials)).status == 200);
  CHECK(lab.form("/oauth/v3/token", form + std::string(Lab::credentials)).body.contains("BAD_AUTH_CODE"));
  std::string late = "grant_type=authorization_code&code=" + lab.code() +
                     "&redirect_uri=" + std::string(Lab::redirect) + "&";
  lab.clock.advance(600s);
  CHECK(lab.form("/oauth/v3/token", late + std::string(Lab::credentials)).body.contains("BAD_AUTH_CODE"));
}

TEST_CASE("PKCE: the verifier must fit the challenge (RFC 7636 appendix B)") {
  for (auto [verifier, fits] :
       {std::pair{"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true}, {"wrong", false}, {"", false}}) {
    Lab lab;
    std::string code =
        lab.code("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
    Answer answer =
        lab.form("/oauth/v3/token",
                 "grant_type=authorization_code&code=" + code + "&code_verifier=" + verifier +
                     "&redirect_uri=" + std::string(Lab::redirect) + "&" + std::string(Lab::credentials));
    CHECK(answer.status == (fits ? 200 : 400));
    if (!fits) CHECK(answer.body.contains("BAD_CODE_VERIFIER"));
  }
}

TEST_CASE(
    "a refresh gives a new access token; the old one lives on; the refresh token stays unless rotation is "
    "on") {
  Lab lab;
  const Json first = lab.exchanged();
  std::string refresh = first["refresh_token"].text_or("");
  const Json second = Lab::json(lab.form("/oauth/v3/token", refresh_form(refresh)));
  CHECK(second["refresh_token"].text() == refresh);
  CHECK(second["access_token"].text() != first["access_token"].text());
  for (const Json* tokens : {&first, &second}) {
    lab.token = (*tokens)["access_token"].text_or("");
    CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
  }
  lab.control("PATCH", "/apps/demo", R"({"rotates_refresh_tokens":true,"token_life_s":3})");
  const Json third = Lab::json(lab.form("/oauth/v3/token", refresh_form(refresh)));
  CHECK(third["expires_in"].integer() == 3);
  CHECK(third["refresh_token"].text() != refresh);
  CHECK(lab.form("/oauth/v3/token", refresh_form(refresh)).body.contains("BAD_REFRESH_TOKEN"));
  const Json counters = Lab::json(lab.control("GET", "/counters"));
  const Json& grant = counters["grants"].items().at(0);
  CHECK(grant["refreshes"].integer() == 2);
  CHECK(grant["distinct_tokens"].integer() == 3);
  CHECK(grant["most_refreshes_in_flight"].integer() > 0);
}

TEST_CASE("tokens can be asked about, and a dead one is only inactive") {
  Lab lab;
  const Json tokens = lab.exchanged();
  std::string access = tokens["access_token"].text_or(""), refresh = tokens["refresh_token"].text_or("");
  for (const char* version : {"v3", "2026-03", "2026-09"}) {
    std::string target = std::string("/oauth/") + version + "/token/introspect";
    const Json info = Lab::json(lab.form(target, "token=" + access + "&" + std::string(Lab::credentials)));
    CHECK(info["active"].boolean() == true);
    CHECK(info["hub_id"].integer() == 9100001);
    CHECK(info["expires_in"].integer() == 1800);
    CHECK(info["signed_access_token"]["hublet"].text() == "na1");
    const Json about_refresh =
        Lab::json(lab.form(target, "token=" + refresh + "&" + std::string(Lab::credentials)));
    CHECK(about_refresh["token_use"].text() == "refresh_token");
    CHECK_FALSE(about_refresh.has("expires_in"));
    CHECK(Lab::json(lab.form(target, "token=nothing&" + std::string(Lab::credentials))) ==
          Json::object({{"active", false}}));
    CHECK(lab.form(target, "token=" + access).status == 400);
  }
  CHECK(Lab::json(lab.call("GET", "/oauth/v1/access-tokens/" + access))["token_type"].text() == "access");
  CHECK(lab.call("GET", "/oauth/v1/access-tokens/none").status == 404);
  CHECK(Lab::json(lab.call("GET", "/oauth/v1/refresh-tokens/" + refresh))["token_type"].text() == "refresh");
  CHECK(lab.call("DELETE", "/oauth/v1/refresh-tokens/" + refresh).status == 204);
  CHECK(lab.form("/oauth/v3/token", refresh_form(refresh)).body.contains("BAD_REFRESH_TOKEN"));
  lab.token = access;
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
}

TEST_CASE("revoking kills the refresh token and leaves access tokens alive; uninstalling kills both") {
  Lab lab;
  const Json tokens = lab.exchanged();
  std::string refresh = tokens["refresh_token"].text_or("");
  lab.token = tokens["access_token"].text_or("");
  CHECK(lab.form("/oauth/2026-03/token/revoke", "token=" + refresh + "&" + std::string(Lab::credentials))
            .status == 200);
  CHECK(lab.form("/oauth/2026-03/token", refresh_form(refresh)).status == 400);
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
  CHECK(lab.call("DELETE", "/appinstalls/2026-03/external-install").status == 204);
  CHECK(lab.call("GET", "/account-info/v3/details").status == 401);
}

TEST_CASE("private apps' tokens and service keys introduce themselves") {
  Lab lab;
  for (auto [token, hub_id] : {std::pair{"pat-na1-00000000-0000-4000-8000-000000000001", 9100001},
                               {"pat-eu1-00000000-0000-4000-8000-000000000003", 9100002}}) {
    const Json info = Lab::json(lab.call("POST", "/oauth/v2/private-apps/get/access-token-info",
                                         R"({"tokenKey":")" + std::string(token) + "\"}"));
    CHECK(info["hubId"].integer() == hub_id);
    CHECK(info["scopes"].items().size() > 5);
  }
  CHECK(lab.call("POST", "/oauth/v2/private-apps/get/access-token-info", R"({"tokenKey":"pat-na1-x"})")
            .status == 401);
}

TEST_CASE("a static token is rotated at once, or with an overlap in which both live") {
  Lab lab;
  auto rotate = [&](const std::string& overlap) {
    Answer made = lab.control("POST", "/rotate", R"({"app":"private","overlap_s":)" + overlap + "}");
    CHECK(made.status == 201);
    return Lab::json(made)["token"].text_or("");
  };
  auto honoured = [&](const std::string& token) {
    return lab.call("POST", "/oauth/v2/private-apps/get/access-token-info",
                    R"({"tokenKey":")" + token + "\"}")
               .status == 200;
  };
  std::string first(Lab::private_token), second = rotate("604800");
  CHECK(second.starts_with("pat-na1-"));
  CHECK(honoured(first));
  CHECK(honoured(second));
  lab.clock.advance(7 * 24h);
  CHECK_FALSE(honoured(first));
  CHECK(honoured(second));
  std::string third = rotate("0");
  CHECK_FALSE(honoured(second));
  CHECK(honoured(third));
  CHECK(lab.control("POST", "/rotate", R"({"app":"demo"})").status == 404);
  CHECK(lab.control("POST", "/rotate", R"({"app":"private","overlap_s":604801})").status == 400);
}

}  // namespace hubward::sandbox
