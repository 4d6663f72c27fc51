// SPDX-License-Identifier: Apache-2.0
// What HubSpot says against a grant, and what follows from it.
#include "grants/grants.hpp"

#include <doctest/doctest.h>

#include "grants/app_doubt.hpp"
#include "grants/connected_house.hpp"
#include "grants/grants_house.hpp"
#include "grants/holding.hpp"
#include "grants/refresh_flight.hpp"
#include "grants/refresh_plan.hpp"

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

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
