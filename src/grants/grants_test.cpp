// SPDX-License-Identifier: Apache-2.0
#include "grants/grants.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "grants/connected_house.hpp"
#include "grants/connection_life.hpp"
#include "grants/grants_house.hpp"
#include "grants/refresh_plan.hpp"

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

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
