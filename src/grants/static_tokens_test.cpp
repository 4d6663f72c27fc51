// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "grants/grants_house.hpp"
#include "grants/refresh_plan.hpp"
#include "grants/shredded.hpp"

namespace hubward::grants {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Mishap = FakeHubSpot::Mishap;

struct Office : House {
  Office() {
    first = hubspot.static_token(acme);
    must(store(first));
  }
  Result<ConnectionView> store(const std::string& token, std::optional<TimePoint> created = {}) {
    return wait(grants->connect_static(prod, tool, Secret(token), operator_, created));
  }
  StaticTokenView token_view() { return *view().token; }
  std::vector<journal::Record> records(const std::string& operation) {
    REQUIRE(journal->flush());
    return must(wait(journal->search({.filter = {.operation = operation}}))).records;
  }
  // One sweep of the background, and a restart.
  void sweep() {
    CHECK(wait(sweep_once(loop, *grants)));
    grants.reset();
    grants = more_grants();
  }
  Result<Disconnected> finish() { return wait(grants->finish_rotation(prod, operator_)); }
  std::string refused(Deadline deadline = soon()) {
    Result<Token> got = wait(grants->expired(loop, prod, view().generation, deadline));
    return got ? std::string(got->bearer.reveal_text()) : got.error().code;
  }
  void let_pass(std::chrono::milliseconds time) {
    clock.advance(time);
    grants->wake();
  }

  std::string first;

 private:
  // It begins with a sweep, and looks whether it should stop when that is over.
  static Async<bool> sweep_once(Loop& here, Grants& swept) {
    here.post([&swept] { swept.stop(); });
    co_await swept.run();
    co_return true;
  }
};

TEST_CASE("a static token has an owner, an age, and says whether the age is known") {
  Office house;
  StaticTokenView token = house.token_view();
  CHECK(token.user_id == 7);
  CHECK(token.app_id == 5);
  CHECK(token.birth == TokenBirth{house.clock.now(), false});
  CHECK_FALSE(token.previous);
  TimePoint created = house.clock.now() - days(100);
  must(house.store(house.first, created));  // the same token: nothing but its age is news
  CHECK(house.view().generation == 1);
  CHECK(house.token_view().birth == TokenBirth{created, true});
  must(house.store(house.first));
  CHECK(house.token_view().birth == TokenBirth{created, true});
  CHECK(house.store(house.first, house.clock.now() + 1h).error().code == "CREATED_REFUSED");
  house.close();
  house.open();
  CHECK(house.token_view().birth == TokenBirth{created, true});
  CHECK(house.token_view().user_id == 7);
}

TEST_CASE(
    "a new token takes over when HubSpot honours it, and the old one stays beside it until the end is told") {
  Office house;
  house.clock.advance(days(10));
  std::string next = house.hubspot.static_token(acme);
  ConnectionView view = must(house.store(next));
  CHECK(view.generation == 2);
  CHECK(house.bearer() == next);
  REQUIRE(house.token_view().previous);
  CHECK(house.token_view().previous->ends_at == house.clock.now() + days(7));
  CHECK(house.token_view().previous->uses == 0);

  Disconnected report = must(house.finish());
  CHECK(report.not_done.empty());
  REQUIRE(report.remains.size() == 2);
  CHECK(report.remains[0].contains("used by 0 calls through this gateway, last never"));
  CHECK(report.remains[1].contains("still honours the old token"));
  CHECK_FALSE(house.token_view().previous);
  CHECK(house.bearer() == next);
  CHECK(house.finish().error().code == "NOTHING_TO_FINISH");
  CHECK(house.records("grant.rotation_finished").size() == 1);
  house.close();
  house.open();
  CHECK(house.bearer() == next);
}

TEST_CASE("a new token of another account, or one that HubSpot refuses, changes nothing") {
  Office house;
  CHECK(house.store(house.hubspot.static_token(other)).error().code == "ACCOUNT_MISMATCH");
  CHECK(house.store("pat-na1-unknown").error().code == "HUBSPOT_REFUSED");
  CHECK(house.bearer() == house.first);
  CHECK(house.view().generation == 1);
  CHECK_FALSE(house.token_view().next);
}

TEST_CASE("a new token waits while HubSpot cannot be asked, and takes over by itself") {
  Office house;
  std::string next = house.hubspot.static_token(acme);
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseQuestion});
  ConnectionView view = must(house.store(next));
  CHECK(view.generation == 1);
  REQUIRE(view.token->next);
  CHECK(view.token->next->trouble.contains("HubSpot gave no answer"));
  CHECK(house.bearer() == house.first);
  CHECK(house.finish().error().code == "TOKEN_WAITS");

  house.close();  // a restart does not lose it
  house.open();
  CHECK(house.bearer() == house.first);
  house.let_pass(waiting_check_interval);
  house.run_until([&] { return house.view().generation == 2; });
  CHECK(house.bearer() == next);
  CHECK_FALSE(house.token_view().next);
  CHECK(house.token_view().previous);
}

TEST_CASE("a call that the old token fails switches to the one that waits") {
  Office house;
  std::string next = house.hubspot.static_token(acme);
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseQuestion});
  must(house.store(next));
  house.hubspot.end(house.first);
  CHECK(house.refused() == next);
  CHECK(house.view().generation == 2);
  Disconnected report = must(house.finish());
  CHECK(report.done.front() == "HubSpot no longer honours the old token");
}

TEST_CASE(
    "a static token is dead only on HubSpot's word to a call and to us, and lives when HubSpot honours it "
    "again") {
  Office house;
  CHECK(house.refused() == house.first);  // a 401 that HubSpot does not stand by
  CHECK(house.view().state == ConnectionState::Connected);

  house.clock.advance(2s);
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseQuestion});
  CHECK(house.refused(after(0ms)) == "GRANT_UNAVAILABLE");
  house.run_until([&] { return house.view().state == ConnectionState::Failing; });
  house.let_pass(2min);
  house.run_until([&] { return house.view().state == ConnectionState::Connected; });
  CHECK(house.bearer() == house.first);

  house.clock.advance(2s);
  house.hubspot.end(house.first);
  CHECK(house.refused() == "TOKEN_EXPIRED");
  CHECK(house.view().state == ConnectionState::Dead);
  CHECK(house.view().last_trouble->next_step.contains("hubward connection rotate acme-prod"));
  CHECK(house.records("grant.dead").size() == 1);
  house.close();
  house.open();
  CHECK(house.view().state == ConnectionState::Dead);
  house.hubspot.honour(house.first, acme);
  house.let_pass(2min);
  house.run_until([&] { return house.view().state == ConnectionState::Connected; });
  CHECK(house.bearer() == house.first);
}

TEST_CASE(
    "a token that nobody rotates is warned of at 30, 14, 7 and 1 days and when it is overdue, once each") {
  Office house;
  must(house.store(house.first, house.clock.now() - days(149)));
  house.sweep();
  CHECK(house.records("grant.token_due").empty());
  std::size_t told = 0;
  for (int left : {30, 14, 7, 1, 0}) {
    house.clock.advance(house.token_view().birth.at + days(180 - left) - house.clock.now());
    house.sweep();
    house.sweep();  // and a restart
    auto records = house.records("grant.token_due");
    REQUIRE(records.size() == ++told);
    CHECK(records.back().details.at(0).value == std::to_string(left));
    CHECK(records.back().details.at(2).value == "stated");
  }
  must(house.store(house.hubspot.static_token(acme)));  // begins anew
  house.sweep();
  CHECK(house.records("grant.token_due").size() == told);
}

TEST_CASE("what is left of an old token is destroyed when HubSpot's overlap is over") {
  Office house;
  must(house.store(house.hubspot.static_token(acme)));
  house.clock.advance(days(7) - 1s);
  house.sweep();
  CHECK(house.token_view().previous);
  house.clock.advance(1s);
  house.sweep();
  CHECK_FALSE(house.token_view().previous);
  CHECK(house.records("grant.old_token_ended").size() == 1);
}

TEST_CASE("another process adopts the new token, and its calls with the old one are counted until then") {
  Office house;
  auto elsewhere = house.more_grants();
  house.clock.advance(1min);
  must(house.store(house.hubspot.static_token(acme)));
  house.clock.advance(1s);
  for (int i = 0; i < 3; ++i) {
    auto got = house.wait(elsewhere->token_for(house.loop, prod, soon()));
    CHECK(must(std::move(got)).bearer.reveal_text() == house.first);
  }
  TimePoint used = house.clock.now();
  house.clock.advance(1s);
  house.loop.spawn(elsewhere->run());
  house.run_until([&] { return elsewhere->show(prod)->generation == 2; });
  elsewhere->stop();
  house.loop.run_until_idle();
  Disconnected report = must(house.finish());
  CHECK(report.remains[0].contains("used by 3 calls through this gateway, last " + to_iso8601(used)));
}

TEST_CASE("a connection that another process let go is forgotten, and its key refuses") {
  Office house;
  auto elsewhere = house.more_grants();
  must(house.wait(elsewhere->disconnect(prod, Uninstall::No, operator_)));
  house.loop.spawn(house.grants->run());
  house.run_until([&] { return !house.grants->show(prod); });
  house.grants->stop();
  house.loop.run_until_idle();
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
}

TEST_CASE("an owner without permissions is recorded once for each token") {
  Office house;
  house.grants->owner_missing(prod, 1);
  house.grants->owner_missing(prod, 1);
  house.grants->owner_missing(prod, 7);
  house.run_until([&] { return house.token_view().owner_missing_at.has_value(); });
  house.loop.run_until_idle();
  CHECK(house.records("grant.owner_missing").size() == 1);
  CHECK(house.records("grant.owner_missing")[0].details.at(0).value == "7");
  house.close();
  house.open();
  CHECK(house.token_view().owner_missing_at);
  must(house.store(house.hubspot.static_token(acme)));
  CHECK_FALSE(house.token_view().owner_missing_at);
}

TEST_CASE("shredding reaches the tokens beside the present one") {
  Office house;
  must(house.store(house.hubspot.static_token(acme)));
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseQuestion});
  must(house.store(house.hubspot.static_token(acme)));
  CHECK(house.token_view().next);
  CHECK(house.token_view().previous);
  Shredded report = must(house.wait(house.grants->shred(prod, operator_)));
  CHECK(report.proof.holds());
  CHECK(report.proof.checks.at(1).detail.contains("3 tries"));
  CHECK(house.count("static_tokens") == 0);
}

}  // namespace
}  // namespace hubward::grants
