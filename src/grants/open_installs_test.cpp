// SPDX-License-Identifier: Apache-2.0
// Accounts that come without an invite, to an app that is open for them.
#include <doctest/doctest.h>

#include "grants/grants_house.hpp"
#include "grants/stored_grant.hpp"

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

namespace {

const std::string install_page = "/oauth/crm/install";
const ConnectionName named{"crm-111"};

struct OpenHouse : House {
  OpenHouse() { std::const_pointer_cast<App>(apps.at(crm))->open_installs = true; }
};

// From the confirmation to HubSpot and back.
Browser::Shown install(Browser& browser, HubId account) {
  return browser.get(browser.consent(browser.post(install_page), account));
}

}  // namespace

TEST_CASE("HubSpot starts, a person confirms, and the account is connected under a name of its own") {
  OpenHouse house;
  Browser browser(house);
  // As the marketplace sends a browser back: with a code that is nobody's, and without a state.
  Browser::Shown asked = browser.get("/oauth/crm/callback?code=" + house.hubspot.consent(acme, "https://x"));
  CHECK(asked.status == 200);
  CHECK(asked.text.contains("Go on only if you have just asked for this yourself"));
  CHECK(asked.text.contains(R"(<form method="post" action="/oauth/crm/install">)"));
  CHECK(asked.fields.find("Content-Security-Policy")->contains("form-action 'self' https:;"));
  CHECK(house.hubspot.calls.empty());  // that code is not used
  CHECK(house.count("invites") == 0);  // and to look costs nothing
  CHECK(browser.get(install_page).text.contains("Go on only if"));

  Browser::Shown redirect = browser.post(install_page);
  CHECK(redirect.status == 302);
  CHECK(redirect.location.starts_with("https://app.hubspot.com/oauth/authorize?client_id=0c11e271"));
  Browser::Shown page = browser.get(browser.consent(redirect, acme));
  CHECK(page.status == 200);
  CHECK(page.text.contains("Account 111 is connected as &quot;crm-111&quot;."));
  CHECK(house.view(named).hub_id == acme);
  CHECK(house.hubspot.accepts(house.bearer(named)));
  CHECK(house.count("installs") == 0);
  house.close();
  house.open();
  CHECK(house.view(named).state == ConnectionState::Connected);
}

TEST_CASE("a connection that is there stays as it is, whatever its name and state") {
  for (bool is_dead : {false, true}) {
    CAPTURE(is_dead);
    OpenHouse house;
    Browser browser(house);
    CHECK(browser.connect(house.invite(), acme).status == 200);
    std::string before = house.bearer();
    if (is_dead) {
      house.hubspot.revoke(acme);
      CHECK_FALSE(house.wait(house.grants->renew(prod, soon())));
      CHECK(house.view().state == ConnectionState::Dead);
    }
    std::uint64_t generation = house.view().generation;
    Browser::Shown page = install(browser, acme);
    CHECK(page.status == 400);
    CHECK(page.text.contains("account 111 is connected already, as &quot;acme-prod&quot;"));
    CHECK(page.text.contains("It stays as it is"));
    CHECK(house.count("connections") == 1);
    CHECK(house.view().generation == generation);
    CHECK(house.bearer() == before);
    // What HubSpot gave may be what that connection lives on: it is not revoked.
    CHECK(house.hubspot.calls["POST /oauth/2026-03/token/revoke"] == 0);
  }
}

TEST_CASE("a connection that an open install made is not replaced by a second one either") {
  OpenHouse house;
  Browser browser(house);
  CHECK(install(browser, acme).status == 200);
  CHECK(install(browser, acme).text.contains("is connected already"));
  CHECK(install(browser, other).text.contains("is connected as &quot;crm-222&quot;"));
  CHECK(house.count("connections") == 2);
  // An operator may connect it anew, in place.
  CHECK(browser.connect(house.invite(named), acme).status == 200);
  CHECK(house.view(named).generation == 2);
}

TEST_CASE("what another site or browser began connects nothing") {
  OpenHouse house;
  Browser browser(house), elsewhere(house);
  for (std::string site : {"cross-site", "same-site", "none"}) {
    CHECK(browser.post(install_page, site).text.contains("Go on only if"));
    CHECK(house.count("installs") == 0);
  }
  std::string back = browser.consent(browser.post(install_page), acme);
  Browser::Shown stolen = elsewhere.get(back);
  CHECK(stolen.status == 403);
  CHECK(stolen.text.contains("Another browser began this"));
  CHECK(browser.get(back).status == 200);
  CHECK(browser.get(back).status == 400);  // once
  // A code that somebody else got is worth nothing without a state, and with a state that is not ours.
  std::string code = house.hubspot.consent(other, "https://hubward.example.com/oauth/crm/callback");
  CHECK(browser.get("/oauth/crm/callback?code=" + code).text.contains("Go on only if"));
  CHECK(browser.get("/oauth/crm/callback?code=" + code + "&state=" + std::string(43, 'a')).status == 400);
  CHECK(house.count("connections") == 1);
}

TEST_CASE("a confirmation lasts as long as any visit") {
  OpenHouse house;
  Browser browser(house);
  std::string back = browser.consent(browser.post(install_page), acme);
  house.clock.advance(11min);
  CHECK(browser.get(back).text.contains("This visit is over"));
  CHECK(house.count("connections") == 0);
}

TEST_CASE("strangers cannot fill the store with visits") {
  OpenHouse house;
  Browser browser(house);
  for (int i = 0; i < most_open_invites + 20; ++i) {
    browser.jar.clear();
    CHECK(browser.post(install_page).status == 302);
  }
  CHECK(house.count("invites") == most_open_invites);
  CHECK(install(browser, acme).status == 200);
}

TEST_CASE("an app that is not open says what opens it, and is not connected") {
  House house;
  Browser browser(house);
  Browser::Shown page = browser.get("/oauth/crm/callback?code=c0de");
  CHECK(page.status == 403);
  CHECK(page.text.contains("open_installs"));
  CHECK(browser.get(install_page).status == 404);
  CHECK(browser.post(install_page).status == 405);
  CHECK(house.count("invites") == 0);
}
