// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "grants/grants_house.hpp"
#include "grants/shredded.hpp"

namespace hubward::grants {
namespace {

using Mishap = FakeHubSpot::Mishap;

struct Connected : House {
  Connected() { REQUIRE(Browser(*this).connect(invite(), acme).status == 200); }
  Result<Shredded> shred(const ConnectionName& connection = prod) {
    return wait(grants->shred(connection, operator_));
  }
};

TEST_CASE("shredding destroys the key, proves it, records it, and revokes at HubSpot") {
  Connected house;
  Shredded report = must(house.shred());
  for (const vault::ShredCheck& check : report.proof.checks)
    CHECK_MESSAGE(check.holds, check.what << ": " << check.detail);
  CHECK(report.proof.checks.size() == 4);
  CHECK(report.data_keys.size() == 1);
  CHECK(report.root_keys.size() == 1);
  CHECK(report.connection.hub_id == acme);
  CHECK(report.recorded);
  CHECK(report.at_hubspot.done.size() == 1);
  CHECK(house.hubspot.live_refresh_tokens() == 0);
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
  CHECK(house.data_keys() == 0);
  for (const char* table : {"connections", "grants", "invites", "installs"}) CHECK(house.count(table) == 0);
  auto page = must(house.wait(house.journal->search({.filter = {.operation = "grant.shredded"}})));
  REQUIRE(page.records.size() == 1);
  CHECK(page.records[0].details.at(1).value == report.data_keys[0]);
  CHECK(page.records[0].details.back().value == "yes");
  CHECK(house.shred().error().code == "CONNECTION_UNKNOWN");
  CHECK(Browser(house).connect(house.invite(), other).status == 200);  // the name is free again
}

TEST_CASE("the key is gone before HubSpot is asked, and for good when HubSpot does not answer") {
  Connected house;
  std::size_t keys_then = 99;
  house.hubspot.before_effect = [&](std::string_view target) {
    if (target.ends_with("/revoke"))
      keys_then = static_cast<std::size_t>(store::integer_at(
          house.database->read({"SELECT count(*) FROM vault_keys WHERE purpose = 'connection'"})
              .value()
              .front(),
          0));
  };
  house.hubspot.mishaps.push_back({Mishap::Kind::LoseAnswer, 0, "", "/revoke"});
  Shredded report = must(house.shred());
  CHECK(keys_then == 0);
  CHECK(report.proof.holds());
  REQUIRE(report.at_hubspot.not_done.size() == 1);
  CHECK(report.at_hubspot.not_done[0].contains("uninstall the app in the account"));
  house.close();
  house.open();
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
}

TEST_CASE("a static token is shredded here, and said to live on at HubSpot") {
  Connected house;
  must(house.wait(
      house.grants->connect_static({"static"}, tool, Secret(house.hubspot.static_token(acme)), operator_)));
  std::string oauth = house.bearer();
  Shredded report = must(house.shred({"static"}));
  CHECK(report.proof.holds());
  REQUIRE(report.at_hubspot.not_done.size() == 1);
  CHECK(report.at_hubspot.not_done[0].contains("still works"));
  CHECK(house.bearer({"static"}) == "CONNECTION_UNKNOWN");
  CHECK(house.bearer() == oauth);
}

TEST_CASE("a renewal under way does not bring a shredded connection back") {
  Connected house;
  house.clock.advance(std::chrono::minutes(31));
  house.hubspot.hold();
  house.grants->wake();
  house.run_until([&] { return house.hubspot.in_flight == 1; });
  std::optional<Result<Shredded>> report;
  auto shred = [](Grants& grants, std::optional<Result<Shredded>>& answer) -> Async<void> {
    Result<Shredded> got = co_await grants.shred(prod, operator_);
    answer.emplace(std::move(got));
  };
  house.loop.spawn(shred(*house.grants, report));
  house.run_until([&] { return house.hubspot.in_flight == 2; });  // the revocation waits, too
  house.hubspot.release();
  house.run_until([&] { return report.has_value() && house.hubspot.in_flight == 0; });
  CHECK(must(std::move(*report)).proof.holds());
  CHECK(house.wait(house.grants->drain(soon())));
  CHECK(house.bearer() == "CONNECTION_UNKNOWN");
  CHECK(house.count("grants") == 0);
}

}  // namespace
}  // namespace hubward::grants
