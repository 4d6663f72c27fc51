// SPDX-License-Identifier: Apache-2.0
#include "grants/grants.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "grants/app_doubt.hpp"
#include "grants/connection_life.hpp"
#include "grants/grants_house.hpp"
#include "grants/refresh_flight.hpp"
#include "grants/refresh_plan.hpp"
#include "grants/renewal_schedule.hpp"
#include "store/fake_disk.hpp"

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;
using Mishap = FakeHubSpot::Mishap;

namespace {

// HubSpot no longer honours the refresh token. Only that question is so answered: once a grant is dead, its
// access token is asked about as well.
Mishap refused_grant() {
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
std::vector<std::string> changes_of(House& house) {
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

}  // namespace

TEST_CASE("every change of a connection's state is recorded and shown with cause and next step") {
  Connected house;
  CHECK(house.view().state == ConnectionState::Connected);
  house.let_come_due();
  CHECK(house.view().state == ConnectionState::Expiring);  // nothing runs yet

  house.hubspot.hold();
  std::optional<Result<ConnectionView>> answer;
  house.loop.spawn(Two::renew(*house.grants, answer));
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  CHECK(house.view().state == ConnectionState::Refreshing);
  house.hubspot.release();
  house.run_until([&] { return answer.has_value(); });
  CHECK(house.view().state == ConnectionState::Connected);

  house.hubspot.mishaps.push_back({.kind = Mishap::Kind::Answer, .status = 503});
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Failing);
  CHECK(house.renew(*house.grants));
  house.hubspot.uninstall(acme);
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);
  CHECK(Browser(house).connect(house.invite(), acme).status == 200);
  house.apps.erase(crm);
  house.grants->set_apps(house.apps);
  CHECK(house.view().state == ConnectionState::Failing);
  CHECK(house.view().last_trouble->cause == "the configuration has no app named crm");
  house.apps[crm] = oauth_app();
  house.grants->set_apps(house.apps);
  must(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)));

  const std::vector<std::string> expected = {
      "grant.connect >connected",         "grant.state connected>refreshing",
      "grant.renew refreshing>connected", "grant.state connected>refreshing",
      "grant.trouble refreshing>failing", "grant.renew failing>connected",
      "grant.state connected>refreshing", "grant.dead refreshing>dead",
      "grant.reconnect dead>connected",   "grant.state connected>failing",
      "grant.state failing>connected",    "grant.disconnected connected>disconnected"};
  CHECK(changes_of(house) == expected);
}

TEST_CASE("scopes are compared with those required on every answer that names them") {
  Connected house;
  auto scopes_recorded = [&] {
    REQUIRE(house.journal->flush());
    std::string text;
    for (const journal::Record& record : must(house.journal->tail(1000))) {
      if (record.operation != "grant.scopes") continue;
      for (const journal::Field& field : record.details) text += field.name + "=" + field.value + ";";
    }
    return text;
  };
  CHECK(house.view().missing_scopes.empty());
  CHECK(house.renew(*house.grants));
  CHECK(scopes_recorded().empty());

  house.hubspot.scopes = {"oauth", "tickets"};  // as HubSpot's answer to a refresh says
  CHECK(house.renew(*house.grants));
  std::string expected = "lost=crm.objects.contacts.read;gained=tickets;missing=crm.objects.contacts.read;";
  CHECK(scopes_recorded() == expected);
  CHECK(house.view().missing_scopes == std::vector<std::string>{"crm.objects.contacts.read"});
  CHECK(
      sentence_of(house.view()) ==
      "acme-prod is connected: HubSpot did not grant crm.objects.contacts.read, which app crm requires; have "
      "the account agree again: hubward connection invite acme-prod --app crm. HubSpot grants what the app "
      "asks for there and the account's subscription has.");

  house.hubspot.name_scopes = false;  // v1 names none: what is known stays
  CHECK(house.renew(*house.grants));
  CHECK(house.view().scopes == std::vector<std::string>{"oauth", "tickets"});
  CHECK(scopes_recorded() == expected);

  house.hubspot.scopes = {"oauth", "crm.objects.contacts.read"};
  CHECK(Browser(house).connect(house.invite(), acme).status == 200);
  CHECK(house.view().missing_scopes.empty());
  CHECK(scopes_recorded() == expected + "lost=tickets;gained=crm.objects.contacts.read;");
}

TEST_CASE("a connection that was disconnected is remembered until it is connected again, or for 30 days") {
  Connected house;
  must(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)));
  auto check_remembered = [&] {
    REQUIRE(house.grants->departed().size() == 1);
    ConnectionView gone = house.grants->departed().front();
    CHECK(gone.name == prod);
    CHECK(gone.hub_id == acme);
    CHECK(gone.state == ConnectionState::Disconnected);
    CHECK(gone.last_trouble->cause == "it was disconnected by uid 0");
    CHECK(gone.last_trouble->next_step ==
          "To connect the account again: hubward connection invite acme-prod --app crm.");
  };
  check_remembered();
  CHECK(house.grants->list().empty());
  house.close();
  house.open();
  check_remembered();
  CHECK(Browser(house).connect(house.invite(), acme).status == 200);
  CHECK(house.grants->departed().empty());
  CHECK(house.count("departed") == 0);
  must(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)));
  house.clock.advance(std::chrono::hours(24 * 30) + 1s);
  CHECK(house.grants->departed().empty());
  house.close();
  house.open();
  CHECK(house.grants->departed().empty());
}

TEST_CASE("a fresh token is handed out without asking anybody") {
  Connected house;
  house.hubspot.calls.clear();
  std::string first = house.bearer();
  CHECK(house.hubspot.accepts(first));
  for (int i = 0; i < 100; ++i) CHECK(house.bearer() == first);
  CHECK(house.token()->app->name == crm);
  CHECK(house.token()->generation == 1);
  CHECK(house.hubspot.calls.empty());
  CHECK(house.bearer({"nobody"}) == "CONNECTION_UNKNOWN");
}

TEST_CASE("64 calls on an expired token wait for one renewal and get its token") {
  Connected house;
  std::string old = house.bearer();
  house.let_expire();
  house.hubspot.hold();
  Answers answers;
  for (int i = 0; i < 64; ++i) house.loop.spawn(Answers::ask(*house.grants, house.loop, answers, soon()));
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  CHECK(answers.all.empty());
  house.hubspot.release();
  house.run_until([&] { return answers.all.size() == 64; });
  for (const Result<Token>& token : answers.all) {
    REQUIRE(token);
    CHECK(token->generation == 2);
    CHECK(token->bearer.reveal_text() != old);
    CHECK(house.hubspot.accepts(token->bearer.reveal_text()));
  }
  CHECK(house.hubspot.refreshes == 1);
  CHECK(house.hubspot.most_in_flight == 1);
}

TEST_CASE("calls of another loop wait there, and are woken there") {
  Connected house;
  house.let_expire();
  std::vector<std::uint64_t> generations;
  std::thread worker([&] {
    Loop there;
    auto ask = [](Grants& grants, Loop& loop, std::vector<std::uint64_t>& seen) -> Async<void> {
      for (int i = 0; i < 20; ++i) {
        Result<Token> token = co_await grants.token_for(loop, prod, soon());
        seen.push_back(token ? token->generation : 0);
      }
    };
    there.run_task(ask(*house.grants, there, generations));
    house.loop.post([&] { house.loop.stop(); });
  });
  house.loop.run();
  worker.join();
  CHECK(generations == std::vector<std::uint64_t>(20, 2));
  CHECK(house.hubspot.refreshes == 1);
}

TEST_CASE("the background renews ahead of time, while the old token is used") {
  Connected house;
  house.loop.spawn(house.grants->run());
  std::string old = house.bearer();
  house.hubspot.hold();
  house.let_come_due();
  house.grants->wake();
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  CHECK(house.bearer() == old);
  house.hubspot.release();
  house.run_until([&] { return house.view().generation == 2; });
  CHECK(house.bearer() != old);
  CHECK(house.hubspot.refreshes == 1);
  ConnectionView view = house.view();
  CHECK(view.renewed_at == house.clock.now());
  CHECK(view.expires_at == house.clock.now() + house.hubspot.life);
}

TEST_CASE("a token that HubSpot calls expired is renewed once for all who hold it") {
  Connected house;
  auto expired = [&](std::uint64_t generation) {
    return must(house.wait(house.grants->expired(house.loop, prod, generation, soon()))).generation;
  };
  CHECK(expired(1) == 2);
  CHECK(expired(1) == 2);
  CHECK(house.hubspot.refreshes == 1);
  house.clock.advance(between_renewals);
  CHECK(expired(2) == 3);
  CHECK(house.hubspot.refreshes == 2);
}

TEST_CASE(
    "in trouble the old token is used while it lives; afterwards calls get an honest answer, then a token") {
  Connected house;
  house.let_come_due();
  std::string old = house.bearer();
  const Mishap mishaps[] = {
      {Mishap::Kind::LoseQuestion},          {Mishap::Kind::LoseAnswer},
      {Mishap::Kind::Answer, 503, "busy"},   {Mishap::Kind::Answer, 429, "{}"},
      {Mishap::Kind::Answer, 200, "<html>"}, {Mishap::Kind::Answer, 400, "not even JSON"}};
  for (const Mishap& mishap : mishaps) {
    house.hubspot.mishaps.push_back(mishap);
    CHECK_FALSE(house.renew(*house.grants));
    CHECK(house.view().state == ConnectionState::Failing);
    CHECK_FALSE(house.view().last_trouble->cause.empty());
    CHECK(house.bearer() == old);
    house.clock.advance(1ms);
  }
  house.let_expire();
  house.clock.advance(2min);  // past any back-off
  house.hubspot.mishaps.push_back({Mishap::Kind::Answer, 503, "busy", "/token"});
  Result<Token> none = house.wait(house.grants->token_for(house.loop, prod, after(200ms)));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == "GRANT_UNAVAILABLE");
  CHECK(none.error().retry == Retry::Later);
  CHECK(none.error().message.contains("HubSpot answered 503"));
  house.clock.advance(2min);
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.view().state == ConnectionState::Connected);
  CHECK_FALSE(house.view().last_trouble);
}

TEST_CASE("a call whose deadline passes first is told so, and its waiting leaves nothing behind") {
  Connected house;
  house.let_expire();
  house.hubspot.hold();
  Result<Token> none = house.wait(house.grants->token_for(house.loop, prod, after(20ms)));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == "GRANT_UNAVAILABLE");
  house.hubspot.release();
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.hubspot.refreshes == 1);
}

TEST_CASE("a grant is dead on HubSpot's verdict alone, and says what to do") {
  Connected house;
  house.hubspot.revoke(acme);
  std::string old = house.bearer();
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);
  CHECK(house.view().last_trouble->cause.contains("BAD_REFRESH_TOKEN"));
  CHECK(house.view().last_trouble->next_step.contains("Connect the account again"));
  CHECK(house.bearer() == old);  // for as long as it lives
  house.let_expire();
  CHECK(house.bearer() == "GRANT_DEAD");
  house.close();
  house.open();
  CHECK(house.view().state == ConnectionState::Dead);
  int asked = house.hubspot.calls["POST /oauth/2026-03/token"];
  CHECK(house.bearer() == "GRANT_DEAD");
  CHECK(house.hubspot.calls["POST /oauth/2026-03/token"] == asked);
  CHECK(Browser(house).connect(house.invite(), acme).status == 200);  // in place
  CHECK(house.view().state == ConnectionState::Connected);
  CHECK(house.hubspot.accepts(house.bearer()));
}

TEST_CASE(
    "an uninstall is recognised by what HubSpot says of both tokens, and the reason survives a restart") {
  Connected house;
  house.hubspot.uninstall(acme);
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);
  house.run_until([&] { return house.bearer() == "GRANT_DEAD"; });  // its token is not sent any more
  house.loop.run_until_idle();
  auto check_told = [&] {
    CHECK(house.view().state == ConnectionState::Dead);
    CHECK(house.view().last_trouble->cause.starts_with("the app was uninstalled from account 111"));
    CHECK(house.view().last_trouble->next_step.contains("hubward connection invite acme-prod --app crm"));
  };
  check_told();
  house.close();
  house.open();
  check_told();
  CHECK(Browser(house).connect(house.invite(), acme).status == 200);
  CHECK(house.view().state == ConnectionState::Connected);
  CHECK(house.hubspot.accepts(house.bearer()));
}

TEST_CASE("a revoked refresh token is no uninstall, and without an answer nothing is guessed") {
  Connected house;
  house.hubspot.revoke(acme);
  std::string old = house.bearer();
  SUBCASE("the access token still works") {
    CHECK_FALSE(house.renew(*house.grants));
    house.run_until([&] { return house.view().last_trouble->cause.contains("still installed"); });
    CHECK(house.bearer() == old);
  }
  SUBCASE("the access token has expired: nothing is asked") {
    house.let_expire();
    CHECK_FALSE(house.renew(*house.grants));
    house.loop.run_until_idle();
    CHECK(house.hubspot.calls["GET /account-info/2026-03/details"] == 1);  // of the install
    CHECK(house.view().last_trouble->cause.starts_with("HubSpot refused the refresh"));
  }
}

TEST_CASE("when HubSpot says nothing of the access token, no reason of a death is guessed") {
  for (const Mishap& mishap : {Mishap{Mishap::Kind::LoseQuestion, 0, "", "/details"},
                               Mishap{Mishap::Kind::Answer, 503, "busy", "/details"},
                               Mishap{Mishap::Kind::Answer, 401, "", "/details"}}) {
    Connected house;
    std::string old = house.bearer();
    house.hubspot.mishaps = {{Mishap::Kind::Answer, 400, R"({"status":"BAD_REFRESH_TOKEN"})", "/token"},
                             mishap};
    CHECK_FALSE(house.renew(*house.grants));
    house.run_until([&] { return house.hubspot.mishaps.empty(); });
    house.loop.run_until_idle();
    CHECK(house.view().last_trouble->cause == "HubSpot refused the refresh with BAD_REFRESH_TOKEN");
    CHECK(house.bearer() == old);
  }
}

TEST_CASE("a token that HubSpot calls invalid makes us ask about the grant, now and then") {
  Connected house;
  auto refused = [&] { house.grants->refused(prod, house.view().generation); };
  auto asked = [&] { return house.hubspot.calls["POST /oauth/2026-03/token"]; };
  refused();
  refused();
  house.run_until([&] { return house.view().generation == 2; });
  house.loop.run_until_idle();
  CHECK(asked() == 2);  // the install and one renewal
  CHECK(house.view().state == ConnectionState::Connected);
  refused();
  house.loop.run_until_idle();
  CHECK(asked() == 2);
  house.clock.advance(between_suspicions);
  house.grants->refused(prod, 1);  // of an older token
  house.grants->refused({"none"}, 1);
  house.loop.run_until_idle();
  CHECK(asked() == 2);
  house.hubspot.uninstall(acme);
  refused();
  house.run_until([&] { return house.view().state == ConnectionState::Dead; });
  house.run_until([&] { return house.view().last_trouble->cause.contains("uninstalled"); });
  refused();
  house.loop.run_until_idle();
  CHECK(asked() == 3);
}

TEST_CASE("wrong configuration is named as such and never calls a grant dead") {
  Connected house;
  auto changed = [&](auto change) {
    auto app = oauth_app();
    change(*app);
    house.apps[crm] = app;
    house.grants->set_apps(house.apps);
    CHECK_FALSE(house.renew(*house.grants));
    CHECK(house.view().state == ConnectionState::Failing);
    return house.view().last_trouble->cause;
  };
  CHECK(changed([](App& app) { app.client_secret = Secret("old"); }).contains("BAD_CLIENT_SECRET"));
  CHECK(changed([](App& app) { app.client_id = "0ther"; }).contains("another client id"));
  house.apps.erase(crm);
  house.grants->set_apps(house.apps);
  CHECK(house.bearer() == "APP_UNKNOWN");
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().last_trouble->cause.contains("no app named crm"));
  auto rotated = oauth_app();
  rotated->client_secret = Secret("too new");
  rotated->previous_client_secret = Secret("5ec7e7");
  house.apps[crm] = rotated;
  house.grants->set_apps(house.apps);
  CHECK(house.renew(*house.grants));  // with the previous secret
  CHECK(house.view().state == ConnectionState::Connected);
  CHECK(house.grants->secret_use(crm).previous == house.clock.now());
  CHECK_FALSE(house.grants->secret_use(crm).current);
  auto finished = oauth_app();
  finished->previous_client_secret = Secret("too old");
  house.apps[crm] = finished;
  house.grants->set_apps(house.apps);
  CHECK(house.renew(*house.grants));
  CHECK(house.grants->secret_use(crm).current == house.clock.now());
}

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

TEST_CASE("a verdict about a token that is no longer the newest kills nothing") {
  Connected house;
  house.hubspot.rotate_refresh_tokens = true;  // so that the loser asks with a token that is spent
  leases::StoreLeases slow(*house.database, house.clock, "slow"),
      hasty(*house.database, house.clock, "hasty");
  house.grants = house.more_grants(slow);
  std::unique_ptr<Grants> second = house.more_grants(hasty);
  Two two(house, *second);
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  // Whoever waits looks at the lease now and then, and takes it over when it has not moved for its life.
  house.run_until([&] {
    house.clock.advance(1ms);
    return house.hubspot.in_flight == 2;
  });
  house.hubspot.release();
  house.run_until([&] { return two.done(); });
  // Whoever lost may have been told so before the winner had stored its token: then it tries again.
  for (Grants* grants : {house.grants.get(), second.get()}) {
    CHECK(grants->show(prod)->state != ConnectionState::Dead);
    house.clock.advance(2min);
    CHECK(must(house.wait(grants->token_for(house.loop, prod, soon()))).generation >= 1);
  }
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.hubspot.live_refresh_tokens() == 1);
}

TEST_CASE("a verdict that may be premature is doubted, asked about again, and believed when it stands") {
  Connected house;
  leases::StoreLeases leases(*house.database, house.clock, "ours");
  REQUIRE(house.database->write({{"INSERT INTO leases VALUES ('grant/acme-prod', '', 3, 1)"}}));
  house.grants = house.more_grants(leases);
  house.hubspot.uninstall(acme);
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Failing);
  CHECK(house.view().last_trouble->next_step.contains("asked again"));
  house.clock.advance(flight::doubt_time);
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);
  house.loop.run_until_idle();
  CHECK(house.count("leases") == 0);
}

TEST_CASE("a dead grant keeps its token and comes back when HubSpot honours it again") {
  Connected house;
  house.hubspot.mishaps.push_back(refused_grant());
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);
  house.hubspot.mishaps.push_back({Mishap::Kind::Answer, 503, "busy", "/token"});
  CHECK_FALSE(house.renew(*house.grants));
  CHECK(house.view().state == ConnectionState::Dead);  // a question that failed says nothing
  CHECK(must(house.renew(*house.grants)).state == ConnectionState::Connected);
  CHECK(house.hubspot.accepts(house.bearer()));
}

TEST_CASE("many deaths of one app at once make the app suspect; one good answer clears it and asks again") {
  Connected house;
  std::vector<ConnectionName> names = {prod};
  while (names.size() < suspicious_deaths) {
    names.push_back({"more-" + std::to_string(names.size())});
    REQUIRE(Browser(house).connect(house.invite(names.back()), other).status == 200);
  }
  auto state_of = [&](const ConnectionName& name) { return house.grants->show(name)->state; };
  for (const ConnectionName& name : names) {
    house.hubspot.mishaps.push_back(refused_grant());
    CHECK_FALSE(house.wait(house.grants->renew(name, soon())));
  }
  CHECK(state_of(names.front()) == ConnectionState::Dead);
  CHECK(state_of(names.back()) == ConnectionState::Failing);
  CHECK(house.grants->show(names.back())->last_trouble->next_step.contains("many accounts"));
  CHECK(house.wait(house.grants->renew(names.back(), soon())));
  house.run_until([&] {
    return std::ranges::all_of(names,
                               [&](auto& name) { return state_of(name) == ConnectionState::Connected; });
  });
}

TEST_CASE("one dead grant that is asked about again and again does not make its app suspect") {
  Connected house;
  for (std::size_t i = 0; i <= suspicious_deaths; ++i) {
    house.hubspot.mishaps.push_back(refused_grant());
    CHECK_FALSE(house.renew(*house.grants));
    CHECK(house.view().state == ConnectionState::Dead);
  }
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

TEST_CASE("a stored token that was tampered with does not open, and the gateway says which") {
  Connected house;
  house.grants.reset();
  REQUIRE(house.database->write({{"UPDATE grants SET access_token = refresh_token"}}));
  Parts parts{house.loop,     house.clock, house.random,  *house.database, *house.vault,
              *house.journal, house.log,   house.metrics, house.hubspot,   house.leases};
  auto opened = house.wait(Grants::open(parts, {.public_url = "https://h"}, house.apps));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.contains("acme-prod"));
}

TEST_CASE("static tokens are asked about, pinned, replaced in place, and refused when HubSpot refuses them") {
  House house;
  auto connect = [&](std::string token) {
    return house.wait(house.grants->connect_static(prod, tool, Secret(token), operator_));
  };
  std::string token = house.hubspot.static_token(acme);
  ConnectionView view = must(connect(token));
  CHECK(view.kind == GrantKind::Static);
  CHECK(view.hub_id == acme);
  CHECK(view.region == "na1");
  CHECK_FALSE(view.expires_at);
  CHECK(house.bearer() == token);
  house.clock.advance(1000h);
  CHECK(house.bearer() == token);

  std::string next = house.hubspot.static_token(acme);
  CHECK(must(connect(next)).generation == 2);
  CHECK(house.bearer() == next);
  CHECK(connect(house.hubspot.static_token(other)).error().code == "ACCOUNT_MISMATCH");
  CHECK(connect("pat-na1-unknown").error().code == "HUBSPOT_REFUSED");
  CHECK(connect("two words").error().code == "TOKEN_REFUSED");
  CHECK(connect("").error().code == "TOKEN_REFUSED");
  CHECK(house.bearer() == next);
  CHECK(house.wait(house.grants->connect_static(prod, crm, Secret(token), operator_)).error().code ==
        "APP_KIND");
  CHECK(house.wait(house.grants->renew(prod, soon())).error().code == "NOT_RENEWABLE");
  CHECK(must(house.wait(house.grants->expired(house.loop, prod, 2, soon()))).bearer.reveal_text() == next);
  house.close();
  house.open();
  CHECK(house.bearer() == next);
}

TEST_CASE("a disconnect revokes, shreds, forgets, and says what remains") {
  Connected house;
  auto report = must(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)));
  CHECK(report.done.size() == 2);
  CHECK(report.not_done.empty());
  CHECK(report.remains.front().contains("30 minutes"));
  CHECK(house.hubspot.live_refresh_tokens() == 0);
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
  for (const char* table : {"connections", "grants", "invites", "installs"}) CHECK(house.count(table) == 0);
  CHECK(house.data_keys() == 0);
  CHECK(house.wait(house.grants->disconnect(prod, Uninstall::No, operator_)).error().code ==
        "CONNECTION_UNKNOWN");
  CHECK(Browser(house).connect(house.invite(), other).status == 200);  // the name is free again
  CHECK(house.view().hub_id == other);
}

TEST_CASE("what HubSpot does not do at a disconnect is said, and does not keep the connection") {
  Connected house;
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseQuestion, 0, "", "/revoke"});
  auto report = must(house.wait(house.grants->disconnect(prod, Uninstall::Yes, operator_)));
  CHECK(house.hubspot.uninstalled.contains(acme));
  CHECK(report.done.size() == 2);
  REQUIRE(report.not_done.size() == 1);
  CHECK(report.not_done.front().contains("was not revoked"));
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");

  must(house.wait(
      house.grants->connect_static({"static"}, tool, Secret(house.hubspot.static_token(acme)), operator_)));
  report = must(house.wait(house.grants->disconnect({"static"}, Uninstall::No, operator_)));
  CHECK(report.not_done.front().contains("still works"));
  CHECK(house.data_keys() == 0);
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
