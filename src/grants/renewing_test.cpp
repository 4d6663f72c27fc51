// SPDX-License-Identifier: Apache-2.0
// Renewals: answers, holders of one store, clocks, disconnects, stops.
#include "grants/grants.hpp"

#include <doctest/doctest.h>

#include "grants/connected_house.hpp"
#include "grants/grants_house.hpp"
#include "grants/renewal_schedule.hpp"
#include "store/fake_disk.hpp"

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

TEST_CASE("an answer without a refresh token keeps the old one, one with a new one replaces it") {
  for (bool rotate : {false, true}) {
    Connected house;
    house.hubspot.rotate_refresh_tokens = rotate;
    house.hubspot.name_refresh_token = false;
    for (std::uint64_t generation = 2; generation < 6; ++generation) {
      CHECK(must(house.renew(*house.grants)).generation == generation);
      house.close();  // what counts is what is stored
      house.open();
      CHECK(house.view().generation == generation);
      CHECK(house.hubspot.accepts(house.bearer()));
    }
    CHECK(house.hubspot.live_refresh_tokens() == 1);
  }
}

TEST_CASE("a second holder of the store adopts a renewal that it finds, without asking HubSpot") {
  Connected house;
  std::unique_ptr<Grants> second = house.more_grants();
  CHECK(house.renew(*house.grants));
  CHECK(must(house.renew(*second)).generation == 2);
  CHECK(house.hubspot.refreshes == 1);
  Token theirs = must(house.wait(second->token_for(house.loop, prod, soon())));
  CHECK(theirs.bearer.reveal_text() == house.bearer());
}

TEST_CASE("of two renewals at once one asks HubSpot, and the other uses what it got") {
  Connected house;
  std::unique_ptr<Grants> second = house.more_grants();
  Two two(house, *second);
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  house.hubspot.release();
  house.run_until([&] { return two.done(); });
  CHECK(must(*two.answers[0]).generation == 2);
  CHECK(must(*two.answers[1]).generation == 2);
  Token theirs = must(house.wait(second->token_for(house.loop, prod, soon())));
  CHECK(theirs.bearer.reveal_text() == house.bearer());
  CHECK(house.hubspot.refreshes == 1);
}

TEST_CASE("where the lease does not hold, the later generation wins, and its loser uses the winner's token") {
  Connected house;
  leases::LocalLeases elsewhere;
  std::unique_ptr<Grants> second = house.more_grants(elsewhere);
  Two two(house, *second);
  house.run_until([&] { return house.hubspot.in_flight == 2; });
  house.hubspot.release();
  house.run_until([&] { return two.done(); });
  CHECK(must(*two.answers[0]).generation == 2);
  CHECK(must(*two.answers[1]).generation == 2);
  Token theirs = must(house.wait(second->token_for(house.loop, prod, soon())));
  CHECK(theirs.bearer.reveal_text() == house.bearer());
  CHECK(house.hubspot.refreshes == 2);
  CHECK(house.count("grants") == 1);
}

TEST_CASE("what HubSpot gave is offered to the store until it is taken, and used no earlier") {
  Connected house;
  store::FakeDisk disk;
  house.close();
  house.file_system = disk.name();
  house.open();
  std::string old = house.bearer();
  house.hubspot.rotate_refresh_tokens = true;  // so that dropping it would lose the grant
  disk.fail_after(0, store::FakeDisk::Trouble::Full);
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Failing);
  CHECK(house.view().last_trouble->cause.contains("full"));
  CHECK(house.bearer() == old);
  disk.heal();
  house.run_until([&] { return house.view().generation == 2; });
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.hubspot.refreshes == 1);
  CHECK(house.view().state == ConnectionState::Connected);
  house.close();
  house.file_system.clear();
}

TEST_CASE("a stop waits for a renewal that is under way") {
  Connected house;
  house.let_come_due();
  house.hubspot.hold();
  house.grants->wake();
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  house.grants->stop();
  CHECK_FALSE(house.wait(house.grants->drain(after(10ms))));
  house.hubspot.release();
  CHECK(house.wait(house.grants->drain(soon())));
  CHECK(house.view().generation == 2);
  house.close();
  house.open();
  CHECK(house.view().generation == 2);
}

TEST_CASE("a restart finds every connection, and a token that is still good is used at once") {
  Connected house;
  std::string old = house.bearer();
  house.close();
  house.open();
  CHECK(house.bearer() == old);
  CHECK(house.hubspot.refreshes == 0);
  CHECK(house.grants->list().size() == 1);
  house.close();
  house.let_expire();
  house.open();
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.hubspot.refreshes == 1);
}

TEST_CASE("a wall clock that jumps neither expires nor revives a token in memory") {
  Connected house;
  std::string old = house.bearer();
  house.clock.jump(24h);
  CHECK(house.bearer() == old);
  house.clock.jump(-48h);
  CHECK(house.bearer() == old);
  house.let_expire();
  CHECK(house.bearer() != old);
  CHECK(house.hubspot.refreshes == 1);
}

TEST_CASE("a disconnect during a renewal wins") {
  Connected house;
  house.let_expire();
  house.hubspot.hold();
  Answers answers;
  house.loop.spawn(Answers::ask(*house.grants, house.loop, answers, soon()));
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  std::optional<Result<Disconnected>> report;
  auto disconnect = [](Grants& grants, std::optional<Result<Disconnected>>& answer) -> Async<void> {
    Result<Disconnected> got = co_await grants.disconnect(prod, Uninstall::No, operator_);
    answer = std::move(got);
  };
  house.loop.spawn(disconnect(*house.grants, report));
  house.run_until([&] { return house.hubspot.in_flight == 2; });
  house.hubspot.release();
  house.run_until([&] { return report && answers.all.size() == 1; });
  CHECK(report->has_value());
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
  CHECK(house.count("grants") == 0);
}

TEST_CASE("a renewal whose answer comes after a disconnect ends, and changes nothing") {
  enum class Then { Nothing, ConnectAgain };
  for (Then then : {Then::Nothing, Then::ConnectAgain}) {
    Connected house;
    house.let_expire();
    house.hubspot.mishaps.push_back({Mishap::Kind::HoldAnswer, 0, "", "/token"});
    Answers answers;
    house.loop.spawn(Answers::ask(*house.grants, house.loop, answers, soon()));
    house.run_until([&] { return house.hubspot.refreshes == 1; });
    must(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)));
    std::string expected = "CONNECTION_UNKNOWN";
    if (then == Then::ConnectAgain) {
      REQUIRE(Browser(house).connect(house.invite(), other).status == 200);
      expected = house.bearer();
    }
    house.hubspot.release();
    // What HubSpot gave has no place any more: it is let go of, not offered to the store for ever.
    CHECK(house.wait(house.grants->drain(soon())));
    house.run_until([&] { return answers.all.size() == 1; });
    CHECK(house.bearer() == expected);
    CHECK(house.count("grants") == (then == Then::ConnectAgain ? 1 : 0));
    CHECK(house.hubspot.refreshes == 1);
  }
}

TEST_CASE("many connections that came together do not fall due together") {
  RenewalSchedule schedule;
  SteadyPoint start{1000s};
  crypto::SeededRandom random(7);
  std::map<long, int> per_ten_seconds;
  for (int i = 0; i < 10'000; ++i) {
    std::uint16_t drawn = 0;
    random.fill(std::as_writable_bytes(std::span(&drawn, 1)));
    SteadyPoint time = renewal_time({start, start + 30min}, drawn / 65536.0);
    ++per_ten_seconds[(time - start) / 10s];
  }
  CHECK(per_ten_seconds.size() == 30);
  for (auto [bucket, count] : per_ten_seconds) CHECK(count < 1.5 * 10'000 / 30);
}

TEST_CASE("the schedule hands out what is due, soonest first, each once") {
  RenewalSchedule schedule;
  auto holding = [](const char* name) {
    ConnectionView view;
    view.name = {name};
    return std::make_shared<Holding>(view, Secret("t"), GrantFacts{});
  };
  auto a = holding("a"), b = holding("b");
  SteadyPoint start{1000s};
  schedule.set(a, start + 2s);
  schedule.set(b, start + 1s);
  schedule.set(a, start + 3s);
  CHECK(schedule.earliest() == start + 1s);
  CHECK(schedule.take_due(start) == nullptr);
  CHECK(schedule.take_due(start + 10s) == b);
  CHECK(schedule.take_due(start + 10s) == a);
  CHECK(schedule.take_due(start + 10s) == nullptr);
  schedule.set(a, start);
  schedule.set(a, std::nullopt);
  CHECK_FALSE(schedule.earliest());
}
