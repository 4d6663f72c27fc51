// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusal.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/json.hpp"

using namespace hubward;
using namespace hubward::gateway;
using namespace std::chrono_literals;

TEST_CASE("a refusal says when to try again, as long as it is known to take, and only where that can help") {
  struct Case {
    Retry retry;
    std::optional<std::chrono::milliseconds> wait;
    std::optional<std::string> said;
  };
  const Case cases[] = {
      {Retry::Later, {}, "5"},      {Retry::Later, 0ms, "1"},    {Retry::Later, 1ms, "1"},
      {Retry::Later, 1000ms, "1"},  {Retry::Later, 1001ms, "2"}, {Retry::Later, 60s, "60"},
      {Retry::Later, 24h, "86400"}, {Retry::Never, {}, {}},      {Retry::Never, 7s, {}},
  };
  for (const Case& one : cases) {
    CAPTURE(&one - cases);
    http::Response response = refusal({"GRANT_UNAVAILABLE", Fault::HubSpot, one.retry, "no"}, "id", one.wait);
    CHECK(response.status == 503);
    auto said = response.fields.find("Retry-After");
    CHECK(said.has_value() == one.said.has_value());
    if (said && one.said) CHECK(*said == *one.said);
  }
}

TEST_CASE("what has no room is refused in the words that HubSpot's SDKs wait for") {
  struct Case {
    const char *code, *policy, *message;
  };
  for (const Case& one :
       {Case{"NO_ROOM", "TEN_SECONDLY_ROLLING", "why"}, Case{"LINE_FULL", "TEN_SECONDLY_ROLLING", "why"},
        Case{"DAY_USED_UP", "DAILY", "why"},
        Case{"NO_SEARCH_ROOM", "SECONDLY", "You have reached your secondly limit."}}) {
    CAPTURE(one.code);
    http::Response response = refusal({one.code, Fault::Caller, Retry::Later, "why"}, "id", 2500ms);
    CHECK(response.status == 429);
    CHECK(response.fields.find("Retry-After") == "3");
    Loop loop;
    std::string text;
    auto read = [](http::Response from, std::string& into) -> Async<void> {
      Result<std::string> whole = co_await http::read_all(std::move(from.body), 4096);
      into = whole.value();
    };
    loop.run_task(read(std::move(response), text));
    const Json body = Json::parse(text).value();
    CHECK(body["policyName"].text() == one.policy);
    CHECK(body["errorType"].text() == "RATE_LIMIT");
    CHECK(body["message"].text() == one.message);
    CHECK(body["category"].text_or("") == std::string("HUBWARD_") + one.code);
    if (std::string_view(one.code) == "NO_SEARCH_ROOM")
      CHECK(body["context"]["reason"].items().at(0).text() == "why");
  }
}
