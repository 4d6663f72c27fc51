// SPDX-License-Identifier: Apache-2.0
// A house with one connected account, and what tests of grants look at. For tests only.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grants/grants_house.hpp"

namespace hubward::grants {

using namespace std::chrono_literals;
using Mishap = FakeHubSpot::Mishap;

// HubSpot no longer honours the refresh token. Only that question is so answered: once a grant is dead, its
// access token is asked about as well.
inline Mishap refused_grant() {
  return {Mishap::Kind::Answer, 400, R"({"status":"BAD_REFRESH_TOKEN"})", "/token"};
}

// A house with one connected account.
struct Connected : House {
  Connected() { REQUIRE(Browser(*this).connect(invite(), acme).status == 200); }

  // Past the token's life.
  void let_expire() { clock.advance(hubspot.life + 1s); }
  // Into the time in which the background renews, while the token is still good.
  void let_come_due() { clock.advance(hubspot.life - 1min); }
  Result<ConnectionView> renew(Grants& by) { return wait(by.renew(prod, soon())); }
};

// Two holders of the store renew at once.
struct Two {
  Two(House& house, Grants& second) {
    house.hubspot.hold();
    house.loop.spawn(renew(*house.grants, answers[0]));
    house.loop.spawn(renew(second, answers[1]));
  }
  bool done() const { return answers[0] && answers[1]; }
  static Async<void> renew(Grants& grants, std::optional<Result<ConnectionView>>& answer) {
    Result<ConnectionView> got = co_await grants.renew(prod, soon());
    answer = std::move(got);
  }
  std::optional<Result<ConnectionView>> answers[2];
};

struct Answers {
  std::vector<Result<Token>> all;
  static Async<void> ask(Grants& grants, Loop& loop, Answers& answers, Deadline deadline) {
    Result<Token> token = co_await grants.token_for(loop, prod, deadline);
    answers.all.push_back(std::move(token));
  }
};

// What the journal says happened to the connection's state: "operation from>to".
inline std::vector<std::string> changes_of(House& house) {
  REQUIRE(house.journal->flush());
  std::vector<std::string> changes;
  for (const journal::Record& record : must(house.journal->tail(1000))) {
    std::string from, to;
    for (const journal::Field& field : record.details) {
      if (field.name == "from") from = field.value;
      if (field.name == "to") to = field.value;
    }
    if (!to.empty()) changes.push_back(record.operation + " " + from + ">" + to);
  }
  return changes;
}

}  // namespace hubward::grants
