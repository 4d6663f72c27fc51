// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace hubward::telemetry;

namespace {

// Every canary contains CANARY or c4a4 somewhere in the part that must not be seen.
const std::string uuid = "c4a4c4a4-c4a4-c4a4-c4a4-c4a4c4a4c4a4";
const std::string hublet_token = "-c4a4-c4a4-c4a4-c4a4-c4a4c4a4c4a4";
const std::string access_token = "CKCANARY" + std::string(120, 'x') + "CANARY_-";
const std::string cli_key = "CiRuYTEtCANARY" + std::string(90, 'x') + "/+==";

bool seen(const std::string& text) {
  std::string safe = redacted(text);
  return safe.find("CANARY") != std::string::npos || safe.find("c4a4") != std::string::npos;
}

}  // namespace

TEST_CASE("no shape of a credential is seen, wherever it stands") {
  const std::string secrets[] = {
      "pat-na1-" + uuid,
      "pat-na2-" + uuid,
      "pat-eu1-" + uuid,
      "pat-ap12-" + uuid,
      "PAT-NA1-" + uuid,
      "na1" + hublet_token,
      "eu1" + hublet_token,
      "ap1" + hublet_token,
      access_token,
      cli_key,
      "hwk_0123456789abcdef_CANARYCANARYCANARYCANARYCANARYCANARYCANARYCA",
      "hwk_CANARYCANARYCANARY",
      "Bearer CANARYCANARYCANARY",
      "bearer CANARYCANARY.CANARY~CANARY",
      "Basic CANARYCANARYCANARY==",
      "https://api.hubapi.com/x?hapikey=" + uuid + "&a=b",
      "/oauth/v1/access-tokens/CANARY",
      "/oauth/v1/refresh-tokens/CANARY?x=y",
      "grant_type=refresh_token&client_id=7&client_secret=" + uuid + "&refresh_token=CANARY",
      "code=CANARY&redirect_uri=x",
      "a=b&code=CANARY",
      "token=CANARY&token_type_hint=refresh_token",
      "client_assertion=CANARY",
      "code_verifier=CANARY",
      "x%26client_secret%3DCANARY",
      R"({"access_token":"CANARY","expires_in":1800})",
      R"({ "refresh_token" : "CANARY" })",
      R"({"tokenKey":"CANARY"})",
      R"({"signature": "CANARY", "newSignature":"CANARY"})",
      R"({"code":"CANARY"})",
      R"({"id_token":"CANARY"})",
      R"("{\"client_secret\":\"CANARY\"}")",
      "{'refresh_token': 'CANARY'}",
      "client_secret: CANARY",
      "CLIENT_SECRET=CANARY",
  };
  for (const std::string& secret : secrets) {
    for (const std::string& text : {secret, "text " + secret, secret + " text", "\"" + secret + "\"",
                                    "(" + secret + ")", "\n" + secret + "\n" + secret}) {
      CAPTURE(text);
      CHECK_FALSE(seen(text));
      CHECK(redacted(text).find(redaction) != std::string::npos);
    }
  }
}

TEST_CASE("a token that is glued to a word is not seen") {
  for (const std::string& token : {"pat-na1-" + uuid, "na1" + hublet_token, access_token, cli_key}) {
    CAPTURE(token);
    CHECK_FALSE(seen("x_" + token));
    CHECK_FALSE(seen("token" + token));
  }
}

TEST_CASE("what is no credential stays as it is") {
  const char* texts[] = {
      "",
      "4cb6a3d1-9c1e-4e7b-b1ad-0a4f3e5d6c7b",  // a correlation id
      "the code is 7",
      "code: 7",
      "status_code=404",
      "token expired; renew it",
      "the client_secret is missing",
      "Bearer token is missing",
      "pattern-na1",
      "pat-terns",
      "CIA",
      "hwk_short",
      "/crm/v3/objects/contacts/51",
      "4 attempts, na1-2026-03",
  };
  for (const char* text : texts) CHECK(redacted(text) == text);
}

TEST_CASE("what names a key or a place stays beside the mask") {
  CHECK(redacted("hwk_0123456789abcdef_CANARYCANARYCANARY") == "hwk_0123456789abcdef_[redacted]");
  CHECK(redacted("code=CANARY&redirect_uri=x") == "code=[redacted]&redirect_uri=x");
  CHECK(redacted(R"({"access_token":"CANARY","expires_in":1800})") ==
        R"({"access_token":"[redacted]","expires_in":1800})");
}
