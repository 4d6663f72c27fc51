// SPDX-License-Identifier: Apache-2.0
#include "grants/installs.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "grants/grants_house.hpp"
#include "grants/install_secrets.hpp"
#include "grants/pages.hpp"
#include "grants/stored_grant.hpp"

using namespace hubward;
using namespace hubward::grants;

namespace {

std::string all_fields(const http::Fields& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i)
    text.append(fields[i].name).append(": ").append(fields[i].value).append("\n");
  return text;
}

}  // namespace

TEST_CASE("an invite leads through HubSpot to a connection with a sealed token") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  CHECK(invite.starts_with("https://hubward.example.com/oauth/crm/install?invite="));

  Browser::Shown redirect = browser.get(invite);
  CHECK(redirect.status == 302);
  CHECK(
      redirect.location.starts_with("https://app.hubspot.com/oauth/authorize?client_id=0c11e271"
                                    "&redirect_uri=https%3A%2F%2Fhubward.example.com%2Foauth%2Fcrm%2Fcallback"
                                    "&scope=oauth%20crm.objects.contacts.read&state="));
  std::string cookie(redirect.fields.find("Set-Cookie").value());
  CHECK(cookie.starts_with("__Host-hubward-"));
  CHECK(cookie.ends_with("; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"));
  CHECK(redirect.fields.find("Referrer-Policy") == "no-referrer");
  CHECK(redirect.fields.find("Cache-Control") == "no-store");

  Browser::Shown page = browser.get(browser.consent(redirect, acme));
  CHECK(page.status == 200);
  CHECK(page.text.contains("Account 111 is connected as &quot;acme-prod&quot;."));
  CHECK(page.fields.find("Content-Security-Policy")->starts_with("default-src 'none'; style-src 'sha256-"));
  CHECK(browser.jar.empty());

  ConnectionView view = house.view();
  CHECK(view.app == crm);
  CHECK(view.hub_id == acme);
  CHECK(view.region == "na1");
  CHECK(view.generation == 1);
  CHECK(view.state == ConnectionState::Connected);
  CHECK(view.scopes == std::vector<std::string>{"oauth", "crm.objects.contacts.read"});
  CHECK(house.hubspot.accepts(house.bearer()));
  CHECK(house.count("installs") == 0);
}

TEST_CASE("an invite works once, and a state works once") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  Browser::Shown redirect = browser.get(invite);
  std::string back = browser.consent(redirect, acme);
  auto jar = browser.jar;
  CHECK(browser.get(back).status == 200);
  browser.jar = jar;
  Browser::Shown replayed = browser.get(back);
  CHECK(replayed.status == 400);
  CHECK(replayed.text.contains("This visit is over"));
  Browser::Shown again = browser.get(invite);
  CHECK(again.status == 410);
  CHECK(again.text.contains("has been used"));
  CHECK(house.count("connections") == 1);
}

TEST_CASE("two visits that come back at once with one state: one of them connects") {
  House house;
  Browser first(house), second(house);
  std::string back = first.consent(first.get(house.invite()), acme);
  second.jar = first.jar;
  int statuses[2] = {0, 0};
  auto go = [](Browser& browser, std::string address, int& status) -> Async<void> {
    Browser::Shown shown = co_await browser.visit(std::move(address));
    status = shown.status;
  };
  house.loop.spawn(go(first, back, statuses[0]));
  house.loop.spawn(go(second, back, statuses[1]));
  house.run_until([&] { return statuses[0] != 0 && statuses[1] != 0; });
  CHECK(statuses[0] + statuses[1] == 600);
  CHECK(house.hubspot.calls["POST /oauth/2026-03/token"] == 1);
}

TEST_CASE("only the browser that began may finish, and a stranger does not use the visit up") {
  House house;
  Browser browser(house), stranger(house);
  std::string back = browser.consent(browser.get(house.invite()), acme);
  for (const std::string& cookie : {std::string(), std::string(ticket_length, 'x'), std::string("short")}) {
    stranger.jar = browser.jar;
    for (auto& [name, value] : stranger.jar) value = cookie;
    Browser::Shown page = stranger.get(back);
    CHECK(page.status == 403);
    CHECK(page.text.contains("Another browser began this"));
  }
  stranger.jar.clear();
  CHECK(stranger.get(back).status == 403);
  CHECK(house.hubspot.calls.empty());
  CHECK(browser.get(back).status == 200);
}

TEST_CASE("two visits in one browser do not disturb each other") {
  House house;
  Browser browser(house);
  Browser::Shown one = browser.get(house.invite({"one"})), two = browser.get(house.invite({"two"}));
  CHECK(browser.jar.size() == 2);
  CHECK(browser.get(browser.consent(one, acme)).status == 200);
  CHECK(browser.get(browser.consent(two, other)).status == 200);
  CHECK(house.view({"one"}).hub_id == acme);
  CHECK(house.view({"two"}).hub_id == other);
}

TEST_CASE("a visit ends after ten minutes, an invite after its hour") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  std::string back = browser.consent(browser.get(invite), acme);
  house.clock.advance(std::chrono::minutes(10) + std::chrono::seconds(1));
  CHECK(browser.get(back).status == 400);
  CHECK(house.count("connections") == 0);
  house.clock.advance(std::chrono::minutes(51));
  Browser::Shown page = browser.get(invite);
  CHECK(page.status == 410);
  CHECK(page.text.contains("expired"));
}

TEST_CASE("another account than the invite's is refused, explained, and its token given back") {
  House house;
  Browser browser(house);
  std::string invite = house.invite(prod, acme);
  Browser::Shown page = browser.connect(invite, other);
  CHECK(page.status == 400);
  CHECK(page.text.contains("this invitation is for account 111, but account 222 was chosen"));
  CHECK(house.hubspot.live_refresh_tokens() == 0);
  CHECK(house.count("connections") == 0);
  CHECK(browser.connect(invite, acme).status == 200);  // the invite was not used up
}

TEST_CASE("a name stays pinned to its account, app and policy when it is connected again") {
  House house;
  Browser browser(house);
  browser.connect(house.invite(), acme);
  house.hubspot.uninstall(acme);
  Browser::Shown page = browser.connect(house.invite(), other);
  CHECK(page.text.contains("account 222 was chosen"));
  CHECK(house.view().hub_id == acme);
  CHECK(browser.connect(house.invite(), acme).status == 200);
  CHECK(house.view().generation == 2);
  CHECK(house.data_keys() == 1);
  CHECK(house.hubspot.accepts(house.bearer()));
  Installs installs(*house.grants);
  auto refused = house.wait(installs.invite({prod, crm, other, {}}, operator_));
  CHECK(refused.error().code == "ACCOUNT_MISMATCH");
}

TEST_CASE("a token that is given back is not one that another connection lives on") {
  House house;
  Browser browser(house);
  browser.connect(house.invite({"beta"}), other);
  std::size_t before = house.hubspot.live_refresh_tokens();
  CHECK(browser.connect(house.invite(prod, acme), other).status == 400);
  CHECK(house.hubspot.live_refresh_tokens() == before + 1);
  CHECK(house.hubspot.calls["POST /oauth/2026-03/token/revoke"] == 0);
}

TEST_CASE("whatever HubSpot fails to answer, nothing half remains and the invite still works") {
  using Mishap = FakeHubSpot::Mishap;
  const Mishap mishaps[] = {
      {Mishap::Kind::LoseQuestion, 0, "", "/token"},
      {Mishap::Kind::LoseAnswer, 0, "", "/token"},
      {Mishap::Kind::Answer, 503, "busy", "/token"},
      {Mishap::Kind::Answer, 200, "{\"access_token\":", "/token"},
      {Mishap::Kind::LoseAnswer, 0, "", "/introspect"},
      {Mishap::Kind::Answer, 200, R"({"active":false})", "/introspect"},
      {Mishap::Kind::Answer, 200, R"({"active":true,"hub_id":9,"client_id":"x"})", "/introspect"},
      {Mishap::Kind::Answer, 500, "", "/details"},
      {Mishap::Kind::Answer, 200, R"({"portalId":9})", "/details"}};
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  for (const Mishap& mishap : mishaps) {
    house.hubspot.mishaps.push_back(mishap);
    Browser::Shown page = browser.connect(invite, acme);
    CHECK_MESSAGE(page.status >= 400, mishap.only_target << mishap.status);
    CHECK(page.text.contains("The account was not connected"));
    CHECK(house.hubspot.mishaps.empty());
    CHECK(house.count("connections") == 0);
    CHECK(house.data_keys() == 0);
    bool had_token = mishap.only_target != "/token";
    if (had_token) CHECK(house.hubspot.live_refresh_tokens() <= 1);  // the lost answer's token nobody knows
  }
  CHECK(browser.connect(invite, acme).status == 200);
}

TEST_CASE("a crash between exchange and commit leaves no half connection, and the invite still works") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  store::TemporaryDirectory at_the_crash;
  house.hubspot.before_effect = [&](std::string_view target) {
    if (!target.ends_with("/details")) return;  // exchanged, introspected, not yet stored
    REQUIRE(house.database->backup(at_the_crash.file("vault.db")));
    REQUIRE(house.journal_database->backup(at_the_crash.file("journal.db")));
  };
  CHECK(browser.connect(invite, acme).status == 200);

  House restarted(at_the_crash);
  CHECK(restarted.grants->list().empty());
  CHECK(restarted.count("invites") == 1);
  CHECK(restarted.count("installs") == 0);
  CHECK(restarted.data_keys() == 0);
  Browser again(restarted);
  CHECK(again.connect(invite, acme).status == 200);
  CHECK(restarted.hubspot.accepts(restarted.bearer()));
}

TEST_CASE("PKCE binds the code to us when the app says so") {
  House house;
  auto app = oauth_app();
  app->pkce = App::Pkce::On;
  house.apps[crm] = app;
  house.grants->set_apps(house.apps);
  Browser browser(house);
  Browser::Shown redirect = browser.get(house.invite());
  CHECK(redirect.location.contains("&code_challenge_method=S256"));
  std::string back = browser.consent(redirect, acme);
  CHECK(browser.get(back).status == 200);
}

TEST_CASE("a refusal by the user is shown as HubSpot's word, never as markup") {
  House house;
  Browser browser(house);
  Browser::Shown redirect = browser.get(house.invite());
  std::string state = "&state=" + Browser::secret(redirect.location, "state");
  Browser::Shown page = browser.get("/oauth/crm/callback?error=access_denied&error_description=x" + state);
  CHECK(page.status == 400);
  CHECK(page.text.contains("HubSpot said: access_denied."));
  redirect = browser.get(house.invite());
  state = "&state=" + Browser::secret(redirect.location, "state");
  page = browser.get("/oauth/crm/callback?error=%3Cscript%3E" + state);
  CHECK(page.text.contains("HubSpot sent no code."));
  CHECK(html_escaped("<a href=\"x\">'&") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST_CASE("scopes that HubSpot did not grant are named") {
  House house;
  house.hubspot.scopes = {"oauth"};
  Browser browser(house);
  CHECK(browser.connect(house.invite(), acme).text.contains("did not grant: crm.objects.contacts.read"));
}

TEST_CASE("the public door serves its two addresses and nothing else") {
  House house;
  Browser browser(house);
  std::string ticket(ticket_length, 'a');
  const std::pair<std::string, int> rows[] = {
      {"/", 404},
      {"/oauth/crm", 404},
      {"/oauth/crm/install", 404},
      {"/oauth/crm/install?invite=" + ticket, 404},
      {"/oauth/crm/install?invite=" + ticket + "&invite=" + ticket, 404},
      {"/oauth/crm/callback", 400},
      {"/oauth/crm/callback?code=c&state=" + ticket, 400},
      {"/oauth/crm/callback?code=%zz&state=%00", 400},
      {"/oauth/tool/install?invite=" + ticket, 404},
      {"/oauth/none/install?invite=" + ticket, 404},
      {"/oauth/crm/install/x", 404},
      {"/hooks/crm", 404}};
  for (const auto& [address, status] : rows) CHECK_MESSAGE(browser.get(address).status == status, address);

  std::string invite = house.invite();
  std::string path = invite.substr(invite.find("/oauth"));
  for (std::string method : {"POST", "HEAD", "DELETE"}) {
    http::Request request;
    request.method = method;
    request.target = path;
    Installs installs(*house.grants);
    http::Response response = house.wait(installs.answer(std::move(request)));
    CHECK(response.status == 405);
  }
  CHECK(house.count("installs") == 0);
}

TEST_CASE("one invite keeps a bounded number of visits open") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  for (int i = 0; i < 20; ++i) CHECK(browser.get(invite).status == 302);
  CHECK(house.count("installs") == open_installs_per_invite);
  CHECK(browser.connect(invite, acme).status == 200);
}

TEST_CASE("neither ticket, state, cookie nor token rests in the store in the clear") {
  House house;
  Browser browser(house);
  std::string invite = house.invite();
  Browser::Shown redirect = browser.get(invite);
  std::vector<std::string> secrets{Browser::secret(invite, "invite"),
                                   Browser::secret(redirect.location, "state"), browser.jar.begin()->second};
  std::string back = browser.consent(redirect, acme);
  secrets.push_back(Browser::secret(back, "code"));
  CHECK_FALSE(all_fields(browser.get(back).fields).contains(secrets.back()));
  secrets.push_back(house.bearer());
  secrets.emplace_back("na1-refresh-");
  REQUIRE(house.database->checkpoint());
  std::ifstream file(house.folder.file("vault.db"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(bytes.size() > 4096);
  for (const std::string& secret : secrets) CHECK_MESSAGE(!bytes.contains(secret), secret);
}

TEST_CASE("an invite is refused where it could only fail") {
  House house;
  Installs installs(*house.grants);
  struct Row {
    InviteOrder order;
    std::string_view code;
  };
  const Row rows[] = {{{{"a b"}, crm, {}, {}}, "NAME_REFUSED"},
                      {{{""}, crm, {}, {}}, "NAME_REFUSED"},
                      {{prod, {"none"}, {}, {}}, "APP_UNKNOWN"},
                      {{prod, tool, {}, {}}, "APP_KIND"},
                      {{prod, crm, {}, std::chrono::seconds(0)}, "LIFE_REFUSED"}};
  for (const Row& row : rows) {
    auto made = house.wait(installs.invite(row.order, operator_));
    REQUIRE_FALSE(made);
    CHECK(made.error().code == row.code);
  }
  CHECK(house.count("invites") == 0);
}
