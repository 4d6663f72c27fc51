// SPDX-License-Identifier: Apache-2.0
#include "pacing/pacer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;
using Kind = hubspot::HubSpotError::Kind;
using Outcome = std::expected<Permit, Refusal>;

// A pacer, a clock that only the test moves, and calls on their way.
struct Desk {
  Loop loop;
  ManualClock clock;
  telemetry::Metrics metrics;
  Pacer pacer{loop, clock, metrics, {}};
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();

  Ask ask(const char* operation = "crm.objects.read", std::chrono::milliseconds wait = 0ms) {
    Ask wanted;
    wanted.app = {"crm"};
    wanted.account = {9100001};
    wanted.kind = AppKind::Static;
    wanted.operation = catalogue.named(operation);
    REQUIRE(wanted.operation != nullptr);
    wanted.client = {"sync"};
    wanted.deadline = clock.steady() + wait;
    return wanted;
  }

  struct Call {
    std::optional<Outcome> outcome;
  };
  static Async<void> note(Pacer& pacer, Ask ask, std::shared_ptr<Call> call) {
    Outcome outcome = co_await pacer.admit(std::move(ask));
    call->outcome.emplace(std::move(outcome));
  }
  std::shared_ptr<Call> begin(Ask wanted) {
    auto call = std::make_shared<Call>();
    loop.spawn(note(pacer, std::move(wanted), call));
    run();
    return call;
  }
  Outcome now(Ask wanted) {
    auto call = begin(std::move(wanted));
    REQUIRE(call->outcome);
    return std::move(*call->outcome);
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    pacer.wake();
    run();
  }
  // Everything that is ready, but no timer: those are the machine's.
  void run() {
    loop.post([this] { loop.post([this] { loop.post([this] { loop.post([this] { loop.stop(); }); }); }); });
    loop.run();
  }
  void fill(const char* operation, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Outcome permit = now(ask(operation));
      REQUIRE(permit);
      permit->answered({});
    }
  }
};

std::string code_of(const Outcome& outcome) {
  return outcome ? "" : outcome.error().error.code;
}

}  // namespace

TEST_CASE("a call goes at once while there is room, and is told at once when waiting is too long") {
  Desk desk;
  desk.fill("crm.objects.read", 99);  // a hundred less the margin
  Outcome refused = desk.now(desk.ask());
  CHECK(code_of(refused) == "NO_ROOM");
  CHECK(refused.error().retry_after == 10s);
  CHECK(refused.error().error.message ==
        "app crm, account 9100001: calls of the app in the account are limited to 100 in 10.0 s; this one "
        "could go in "
        "10.0 s and may wait 0.0 s (0 wait before or beside it)");
  desk.pass(4s);
  CHECK(code_of(desk.now(desk.ask("crm.objects.read", 5s))) == "NO_ROOM");
  auto waits = desk.begin(desk.ask("crm.objects.read", 6s));
  CHECK_FALSE(waits->outcome);
  desk.pass(5s);
  CHECK_FALSE(waits->outcome);
  desk.pass(1s);
  REQUIRE(waits->outcome);
  CHECK(*waits->outcome);
  CHECK((*waits->outcome)->waited() == 6s);
}

TEST_CASE("searches wait for the account's second, whichever app asks; exempt calls for nothing") {
  Desk desk;
  desk.fill("crm.objects.search", 5);
  Ask other = desk.ask("crm.objects.search");
  other.app = {"erp"};
  Outcome refused = desk.now(std::move(other));
  CHECK(code_of(refused) == "NO_SEARCH_ROOM");
  CHECK(refused.error().retry_after == 1s);
  CHECK(desk.now(desk.ask()));  // the ten seconds have room
  desk.fill("crm.objects.read", 98);
  CHECK(code_of(desk.now(desk.ask())) == "NO_ROOM");
  for (const hubspot::Operation& operation : desk.catalogue.operations()) {
    if (!operation.exempt_ten_secondly || operation.search_limited) continue;
    Ask exempt = desk.ask();
    exempt.operation = &operation;
    CHECK(desk.now(std::move(exempt)));
  }
  desk.pass(1s);
  CHECK(desk.now(desk.ask("crm.objects.search")));
}

TEST_CASE("associations and forms have budgets of their own") {
  Desk desk;
  hubspot::LimitFields large{.max = 1000, .remaining = 900};
  desk.now(desk.ask())->answered(large);
  desk.fill("crm.associations.batch.read", 99);
  CHECK(code_of(desk.now(desk.ask("crm.associations.batch.read"))) == "NO_ROOM");
  CHECK(desk.now(desk.ask()));
  desk.fill("forms.submissions.submit", 49);
  CHECK(code_of(desk.now(desk.ask("forms.submissions.submit"))) == "NO_ROOM");
  CHECK(desk.now(desk.ask()));
}

TEST_CASE("accounts and apps do not wait for each other") {
  Desk desk;
  desk.fill("crm.objects.read", 99);
  Ask other_account = desk.ask(), other_app = desk.ask();
  other_account.account = {9100002};
  other_app.app = {"erp"};
  CHECK(desk.now(std::move(other_account)));
  CHECK(desk.now(std::move(other_app)));
  CHECK(code_of(desk.now(desk.ask())) == "NO_ROOM");
  CHECK(desk.pacer.list().size() == 3);
}

TEST_CASE("what is forgotten of many accounts is nothing that HubSpot still counts") {
  Desk desk;
  Ask oauth = desk.ask("crm.objects.search");
  oauth.kind = AppKind::Oauth;
  for (int i = 0; i < 5; ++i) {
    Outcome permit = desk.now(oauth);
    REQUIRE(permit);
    permit->answered({});
  }
  Ask with_day = desk.ask();
  with_day.account = {9100009};
  desk.now(with_day)->refused(Kind::DailyLimit, {});
  for (std::uint64_t other = 1; other <= 2000; ++other) {
    Ask one = oauth;
    one.account = {other};
    desk.now(std::move(one))->unsent();
  }
  CHECK(desk.pacer.list().size() < 2000);  // some were
  CHECK(code_of(desk.now(oauth)) == "NO_SEARCH_ROOM");
  desk.pass(20s);
  CHECK(code_of(desk.now(with_day)) == "DAY_USED_UP");
}

TEST_CASE("HubSpot's own refusals teach the budget that they are about") {
  Desk desk;
  hubspot::LimitFields told{.max = 190, .remaining = 0};
  desk.now(desk.ask())->refused(Kind::TenSecondlyLimit, told);
  CHECK(code_of(desk.now(desk.ask())) == "NO_ROOM");
  CHECK(desk.now(desk.ask("crm.objects.search")));
  auto views = desk.pacer.list();
  REQUIRE(views.size() == 1);
  CHECK(views[0].ten_seconds.limit.calls == 190);
  CHECK(views[0].ten_seconds.refusals == 1);
  CHECK(views[0].search.refusals == 0);
  CHECK(desk.metrics.text().find("hubward_limit_refusals_total{policy=\"TEN_SECONDLY_ROLLING\"} 1") !=
        std::string::npos);
}

TEST_CASE("a day that is used up is said at once, and an OAuth app has none") {
  Desk desk;
  desk.now(desk.ask())->refused(Kind::DailyLimit, {});
  Outcome refused = desk.now(desk.ask("crm.objects.read", 10s));
  CHECK(code_of(refused) == "DAY_USED_UP");
  CHECK(refused.error().retry_after <= 15min);
  CHECK(code_of(desk.now(desk.ask("crm.objects.search"))) == "DAY_USED_UP");
  Ask oauth = desk.ask();
  oauth.app = {"market"};
  oauth.kind = AppKind::Oauth;
  CHECK(desk.now(std::move(oauth)));
}

TEST_CASE("a caller that hung up is passed over, and costs nothing") {
  Desk desk;
  desk.fill("crm.objects.read", 99);
  auto there = std::make_shared<bool>(true);
  Ask wanted = desk.ask("crm.objects.read", 20s);
  wanted.caller_is_there = [there] { return *there; };
  auto first = desk.begin(std::move(wanted));
  auto second = desk.begin(desk.ask("crm.objects.read", 20s));
  *there = false;
  desk.pass(11s);
  REQUIRE(first->outcome);
  CHECK(code_of(*first->outcome) == "CALLER_WENT_AWAY");
  desk.pass(1s);
  REQUIRE(second->outcome);
  CHECK(*second->outcome);
  CHECK(desk.pacer.list()[0].ten_seconds.ours == 1);
}

TEST_CASE("what waits when the pacer goes is left alone, and permits may outlive it") {
  Loop loop;
  ManualClock clock;
  telemetry::Metrics metrics;
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  std::vector<Permit> kept;
  {
    Pacer pacer(loop, clock, metrics, {});
    Ask wanted;
    wanted.app = {"crm"};
    wanted.operation = catalogue.named("crm.objects.read");
    wanted.deadline = clock.steady() + 20s;
    auto take = [](Pacer& from, Ask ask, std::vector<Permit>& into) -> Async<void> {
      Outcome outcome = co_await from.admit(std::move(ask));
      if (outcome) into.push_back(std::move(*outcome));
    };
    for (int i = 0; i < 120; ++i) {
      Ask copy = wanted;
      loop.spawn(take(pacer, std::move(copy), kept));
    }
    loop.post([&loop] { loop.post([&loop] { loop.stop(); }); });
    loop.run();
  }
  CHECK(kept.size() == 109);
  kept.front().answered({});
  kept.clear();
}

}  // namespace hubward::pacing
