// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusal.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

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
