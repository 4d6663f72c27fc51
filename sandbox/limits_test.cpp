// SPDX-License-Identifier: Apache-2.0
// Rate limits, faults, counters and the control port.
#include <doctest/doctest.h>

#include "sandbox/fake_lab.hpp"
#include "sandbox/flags.hpp"
#include "sandbox/limits.hpp"

namespace hubward::sandbox {

using namespace std::chrono_literals;

TEST_CASE("each kind of app has the burst and the day of its account's tier") {
  struct Case {
    const char *kind, *tier;
    int increases;
    std::int64_t ten_seconds, daily;
  };
  for (const Case& c :
       {Case{"private", "free", 0, 100, 250'000}, Case{"private", "starter", 0, 100, 250'000},
        Case{"private", "professional", 0, 190, 625'000},
        Case{"service_key", "enterprise", 0, 190, 1'000'000},
        Case{"private", "enterprise", 1, 250, 2'000'000}, Case{"private", "enterprise", 2, 250, 3'000'000},
        Case{"private", "enterprise", 7, 250, 3'000'000}, Case{"oauth", "enterprise", 2, 110, 3'000'000}}) {
    Account account;
    App app;
    account.tier = c.tier;
    account.limit_increases = c.increases;
    app.kind = c.kind;
    CHECK(allowance_of(account, app).ten_seconds == c.ten_seconds);
    CHECK(allowance_of(account, app).daily == c.daily);
  }
}

TEST_CASE("ten seconds hold so many calls and no more, and then there is room again") {
  Lab lab;
  for (int i = 0; i < 190; ++i) REQUIRE(lab.call("GET", "/account-info/v3/details").status == 200);
  Answer answer = lab.call("GET", "/account-info/v3/details");
  const Json body = Lab::json(answer);
  CHECK(answer.status == 429);
  CHECK(body["message"].text() == "You have reached your ten_secondly_rolling limit.");
  CHECK(body["errorType"].text() == "RATE_LIMIT");
  CHECK(body["policyName"].text() == "TEN_SECONDLY_ROLLING");
  CHECK(body["groupName"].text_or("").starts_with("publicapi:private_app-api-calls-ten-secondly:"));
  CHECK(answer.field("X-HubSpot-RateLimit-Remaining") == "0");
  CHECK(answer.field("Retry-After").empty());
  lab.world.settings.burst_limit = false;
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
  lab.world.settings.burst_limit = true;
  lab.clock.advance(10s);
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
}

TEST_CASE("limit fields differ by kind of app, and searches have none") {
  Lab lab;
  Answer of_private = lab.call("GET", "/account-info/v3/details");
  CHECK(of_private.field("X-HubSpot-RateLimit-Daily") == "625000");
  CHECK(of_private.field("X-HubSpot-RateLimit-Daily-Remaining") == "624999");
  CHECK(of_private.field("X-HubSpot-RateLimit-Max") == "190");
  CHECK(of_private.field("X-HubSpot-RateLimit-Secondly") == "19");
  CHECK(of_private.field("X-HubSpot-RateLimit-Interval-Milliseconds") == "10000");
  Answer search = lab.call("POST", "/crm/v3/objects/contacts/search", "{}");
  for (const auto& [name, value] : search.fields) CHECK_FALSE(name.starts_with("X-HubSpot-RateLimit"));
  const Json tokens = lab.exchanged();
  lab.token = tokens["access_token"].text_or("");
  Answer of_oauth = lab.call("GET", "/account-info/v3/details");
  CHECK(of_oauth.field("X-HubSpot-RateLimit-Daily").empty());
  CHECK(of_oauth.field("X-HubSpot-RateLimit-Max") == "110");
}

TEST_CASE("five searches a second for the account, whoever asks") {
  Lab lab;
  for (int i = 0; i < 5; ++i) {
    lab.token = i % 2 == 0 ? Lab::private_token : Lab::readonly_token;
    REQUIRE(lab.call("POST", "/crm/v3/objects/contacts/search", "{}").status == 200);
  }
  Answer answer = lab.call("POST", "/crm/v3/objects/contacts/search", "{}");
  const Json body = Lab::json(answer);
  CHECK(answer.status == 429);
  CHECK(body["message"].text() == "You have reached your secondly limit.");
  CHECK(body["policyName"].text() == "SECONDLY");
  CHECK(body["groupName"].text_or("").starts_with("publicapi:crm:search:"));
  lab.clock.advance(1s);
  CHECK(lab.call("POST", "/crm/v3/objects/contacts/search", "{}").status == 200);
}

TEST_CASE("the day ends at midnight where the account is, and is shared by its private apps") {
  Lab lab;
  lab.world.account_usage[9100001] = {};
  lab.call("GET", "/account-info/v3/details");
  lab.world.account_usage[9100001].calls_today = 625'000;
  Answer answer = lab.call("GET", "/account-info/v3/details");
  CHECK(Lab::json(answer)["policyName"].text() == "DAILY");
  CHECK(Lab::json(answer)["message"].text() == "You have reached your daily limit.");
  CHECK(Lab::json(answer).has("requestId"));
  const Json usage = Lab::json(lab.call("GET", "/account-info/v3/api-usage/daily/private-apps"));
  CHECK(usage.has("message"));  // that call is over the limit as well
  lab.clock.advance(next_midnight(lab.world.accounts[9100001], lab.clock.now()) - lab.clock.now());
  const Json fresh = Lab::json(lab.call("GET", "/account-info/v3/api-usage/daily/private-apps"));
  CHECK(fresh["results"].items().at(0)["currentUsage"].integer() == 1);
  CHECK(to_iso8601(next_midnight(lab.world.accounts[9100002], from_millis(1'767'225'600'000))) ==
        "2026-01-01T23:00:00.000Z");
}

TEST_CASE("a fault stands in for the answer, without any effect, as often as asked") {
  Lab lab;
  lab.control("POST", "/faults",
              R"({"method":"POST","path_prefix":"/crm/","status":502,"skip":1,"times":1,"delay_ms":250,
      "body":"<html>","content_type":"text/html","headers":{"Retry-After":"3"}})");
  CHECK_FALSE(lab.contact("a@x.example").empty());
  Answer answer = lab.call("POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"b@x.example"}})");
  CHECK(answer.status == 502);
  CHECK(answer.body == "<html>");
  CHECK(answer.field("Retry-After") == "3");
  CHECK(answer.delivery.delay == 250ms);
  CHECK_FALSE(lab.contact("b@x.example").empty());
}

TEST_CASE("cuts: before the effect, after it, in the middle; and broken, slow answers") {
  struct Case {
    const char* fault;
    Delivery::Cut cut;
    bool effect;
  };
  for (const Case& c : {Case{R"({"cut":"before"})", Delivery::Cut::WithoutAnswer, false},
                        Case{R"({"cut":"after_effect"})", Delivery::Cut::WithoutAnswer, true},
                        Case{R"({"cut":"middle"})", Delivery::Cut::MidAnswer, true},
                        Case{R"({"cut":"after"})", Delivery::Cut::AfterAnswer, true}}) {
    CAPTURE(c.fault);
    Lab lab;
    REQUIRE(lab.control("POST", "/faults", c.fault).status == 201);
    CHECK(lab.call("POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"a@x.example"}})")
              .delivery.cut == c.cut);
    CHECK(lab.world.accounts[9100001].crm.types["0-1"].records.size() == (c.effect ? 1U : 0U));
  }
  Lab lab;
  lab.control("POST", "/faults", R"({"malformed":true,"piece_bytes":3,"pause_ms":10})");
  Answer answer = lab.call("GET", "/account-info/v3/details");
  CHECK_FALSE(Json::parse(answer.body));
  CHECK(answer.delivery.piece_bytes == 3);
  CHECK(answer.delivery.pause == 10ms);
}

TEST_CASE("a fault can be about one token, and can make it expire or die") {
  Lab lab;
  lab.control("POST", "/faults", R"({"token":"readonly/9100001","credential":"expired","times":1})");
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
  lab.token = Lab::readonly_token;
  CHECK(lab.call("GET", "/account-info/v3/details").body.contains("EXPIRED_AUTHENTICATION"));
  lab.token = Lab::private_token;
  lab.control("POST", "/tokens", R"({"token":"private/","state":"revoked"})");
  CHECK(lab.call("GET", "/account-info/v3/details").body.contains("INVALID_AUTHENTICATION"));
}

TEST_CASE("the control port refuses what it does not understand") {
  struct Case {
    const char *method, *target, *body;
    int status;
  };
  Lab lab;
  for (const Case& c :
       {Case{"POST", "/faults", R"({"stauts":500})", 400}, Case{"POST", "/faults", R"({"cut":"soon"})", 400},
        Case{"POST", "/faults", R"({"status":99})", 400}, Case{"POST", "/faults", "[]", 400},
        Case{"PATCH", "/settings", R"({"burst":false})", 400}, Case{"PATCH", "/apps/none", "{}", 404},
        Case{"PATCH", "/accounts/1", "{}", 404}, Case{"GET", "/nothing", "", 404},
        Case{"DELETE", "/faults/none", "", 404}, Case{"PUT", "/state", "{}", 400},
        Case{"POST", "/tokens", "{}", 400}, Case{"POST", "/faults", R"({"delay_ms":-1})", 400},
        Case{"POST", "/clock", R"({"advance_ms":9000000000000000000})", 400},
        Case{"PATCH", "/apps/demo", R"({"token_life_s":0})", 400},
        Case{"PUT", "/state", R"({"format":1,"apps":{}})", 400},
        Case{"POST", "/revoke", R"({"grant":"x"})", 404}}) {
    CAPTURE(c.target);
    CHECK(lab.control(c.method, c.target, c.body).status == c.status);
  }
}

TEST_CASE("counters say who called what, and hold no token") {
  Lab lab;
  const Json tokens = lab.exchanged();
  std::string access = tokens["access_token"].text_or("");
  lab.call("GET", "/oauth/v1/access-tokens/" + access);
  lab.token = access;
  lab.call("GET", "/crm/v3/objects/contacts/123?properties=email");
  std::string counters = lab.control("GET", "/counters").body + lab.control("GET", "/calls").body;
  CHECK(counters.contains(R"("label":"demo/9100001/1")"));
  CHECK(counters.contains(R"("GET /crm/v3/objects/contacts/{}":1)"));
  CHECK(counters.contains(R"("target":"/crm/v3/objects/contacts/123?properties")"));
  CHECK_FALSE(counters.contains(access));
  lab.control("DELETE", "/counters");
  CHECK(Lab::json(lab.control("GET", "/counters"))["calls"].integer() == 0);
}

TEST_CASE("the clock can be moved and held") {
  Lab lab;
  TimePoint start = lab.world.now();
  lab.control("POST", "/clock", R"({"advance_ms":60000})");
  CHECK(lab.world.now() == start + 60s);
  lab.control("POST", "/clock", R"({"frozen":true})");
  lab.clock.advance(5s);
  CHECK(lab.world.now() == start + 60s);
  lab.control("POST", "/clock", R"({"set_ms":1000})");
  CHECK(lab.world.now() == from_millis(1000));
  lab.control("POST", "/clock", R"({"frozen":false})");
  CHECK(lab.world.now() == start + 65s);
}

TEST_CASE("the state survives a dump and a load, down to tokens and unique values") {
  Lab lab;
  const Json tokens = lab.exchanged();
  std::string id = lab.contact("a@x.example");
  std::string state = lab.control("GET", "/state").body;
  Lab other;
  REQUIRE(other.control("PUT", "/state", state).status == 204);
  CHECK(other.control("GET", "/state").body == state);
  CHECK(other.call("POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"a@x.example"}})")
            .body.contains("Existing ID: " + id));
  other.token = tokens["access_token"].text_or("");
  CHECK(other.call("GET", "/crm/v3/objects/contacts/" + id).status == 200);
  other.control("POST", "/reset");
  CHECK(other.call("GET", "/crm/v3/objects/contacts/" + id).status == 401);
}

TEST_CASE("the command line is read strictly") {
  struct Case {
    std::vector<const char*> words;
    bool good;
  };
  for (const Case& c :
       {Case{{"--plain"}, true}, Case{{"--plain", "--listen", "127.0.0.1:0"}, true},
        Case{{"--plain", "--listen", "[::1]:0"}, true}, Case{{"--tls-cert", "a", "--tls-key", "b"}, true},
        Case{{"--tls-cert", "a", "--tls-key", "b", "--listen", "0.0.0.0:443"}, true}, Case{{"--help"}, true},
        Case{{}, false}, Case{{"--plain", "--listen", "0.0.0.0:80"}, false},
        Case{{"--plain", "--listen", "x"}, false}, Case{{"--plain", "--listen", "127.0.0.1:65536"}, false},
        Case{{"--plain", "--control", "0.0.0.0:1"}, false}, Case{{"--tls-cert", "a"}, false},
        Case{{"--plain", "--tls-cert", "a", "--tls-key", "b"}, false},
        Case{{"--plain", "--nonsense", "x"}, false}, Case{{"--plain", "--state"}, false}})
    CHECK(parse_flags(c.words).has_value() == c.good);
}

}  // namespace hubward::sandbox
