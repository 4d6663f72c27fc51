// SPDX-License-Identifier: Apache-2.0
// The pure parts; the doors and the operations are tested over a real store in app/graph_test.cpp.
#include <doctest/doctest.h>

#include <set>

#include "admin/api.hpp"
#include "admin/door_certificates.hpp"
#include "admin/routes.hpp"

namespace hubward::admin {
namespace {

TEST_CASE("a route is found by method and path, with the name in it") {
  Result<Found> found = find_route("POST", "clients/billing-2/revoke");

  REQUIRE(found);
  CHECK(found->route->act == "client.revoke");
  CHECK(found->name == "billing-2");
}

TEST_CASE("what is no route says so, or with which method it is one") {
  struct Row {
    std::string_view method, path, code;
  };
  const Row rows[] = {
      {"GET", "", "NOT_FOUND"},
      {"GET", "clients/", "NOT_FOUND"},
      {"GET", "clients/a/b", "NOT_FOUND"},
      {"GET", "clients/a%2fb", "NOT_FOUND"},
      {"GET", "clients/../keys", "NOT_FOUND"},
      {"GET", "Clients", "NOT_FOUND"},
      {"DELETE", "clients/a", "METHOD_NOT_ALLOWED"},
      {"GET", "clients/a/revoke", "METHOD_NOT_ALLOWED"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    Result<Found> found = find_route(row.method, row.path);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == row.code);
  }
  CHECK(find_route("DELETE", "clients").error().message == "this can only be asked with GET, POST");
}

TEST_CASE("whatever changes something is recorded, and nothing else is") {
  const std::set<std::string_view> only_asks = {"roles/{name}/explain"};
  for (const Route& route : all_routes()) {
    CAPTURE(route.pattern);
    bool changes = route.method != "GET" && !only_asks.contains(route.pattern);
    CHECK(route.act.empty() == !changes);
  }
}

TEST_CASE("times are read in three forms, strictly") {
  TimePoint now = from_millis(1'800'000'000'000);
  CHECK(read_time("24h", now) == now - std::chrono::hours(24));
  CHECK(read_time("0s", now) == now);
  CHECK(to_iso8601(*read_time("2026-03-01", now)) == "2026-03-01T00:00:00.000Z");
  CHECK(to_iso8601(*read_time("2026-03-01T12:30:15Z", now)) == "2026-03-01T12:30:15.000Z");
  CHECK(to_iso8601(*read_time("2026-03-01T12:30:15.250Z", now)) == "2026-03-01T12:30:15.250Z");
  for (std::string_view bad : {"", "h", "-1h", "1w", "2026-02-30", "2026-3-1", "2026-03-01T12:30",
                               "2026-03-01 12:30:15Z", "2026-03-01T24:00:00Z", "2026-03-01T12:30:15+1",
                               "99999999999999999999h", "2026-03-01T12:30:15x250Z"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_time(bad, now));
  }
}

TEST_CASE("the end of a certificate is told in time, and not before") {
  using std::chrono::days;
  TimePoint start = from_millis(1'800'000'000'000);
  auto warned = [&](days life, days left) {
    DoorCertificate certificate{.door = "egress",
                                .facts = {.not_before = start, .not_after = start + life, .subject = {}}};
    return warning_of(certificate, start + life - left);
  };
  CHECK_FALSE(warned(days(365), days(15)));
  CHECK(warned(days(365), days(13))->find("in 13 days") != std::string::npos);
  CHECK_FALSE(warned(days(6), days(3)));  // renewed every few days: only late is soon
  CHECK(warned(days(6), days(1)));
  CHECK(warned(days(365), days(-1))->find("ended on") != std::string::npos);
  CHECK(warned(days(365), days(366))->find("not good before") != std::string::npos);
}

TEST_CASE("a record is one line, whatever is in it") {
  journal::Record record;
  record.time = from_millis(1'800'000'000'000);
  record.client = "billing";
  record.connection = "acme";
  record.operation = "crm.objects.read";
  record.decision = journal::Decision::Deny;
  record.rule = "no\nbreak";
  record.status = 403;
  record.duration = std::chrono::microseconds(1500);
  record.parameters = {{"objectId", "7"}};

  CHECK(to_line(record) ==
        "2027-01-15T08:00:00.000Z  call        billing -> acme  crm.objects.read  deny by \"no?break\"  403  "
        "1.5 ms  objectId=7\n");
}

TEST_CASE("a call is explained by role, with the rule that decided") {
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  policy::RoleText text;
  text.name = "reader";
  text.rules.push_back({"read contacts", {"contacts"}, {"view"}, {}, "allow"});
  Result<policy::Role> role = policy::make_role(text, catalogue);
  REQUIRE(role);
  Roster roster;
  roster.roles.emplace(RoleName{"reader"}, *role);

  auto explained = [&](std::string_view method, std::string_view target) {
    Result<Json> answer = explain_role(roster, catalogue, RoleName{"reader"}, method, target);
    REQUIRE(answer);
    return *answer;
  };

  Json read = explained("GET", "/crm/v3/objects/contacts/7?properties=email");
  CHECK(read["allowed"].boolean() == true);
  CHECK(read["rule"].text() == "read contacts");
  CHECK(explained("DELETE", "/crm/v3/objects/contacts/7")["allowed"].boolean() == false);
  CHECK(explained("GET", "/crm/v3/objects/contacts/7?associations=deals")["allowed"].boolean() == false);
  CHECK(explained("GET", "/no/such/path")["allowed"].boolean() == false);
  CHECK(explained("GET", "/crm/v3/objects/contacts/7?hapikey=x")["allowed"].boolean() == false);
  CHECK(explained("POST", "/oauth/v1/token")["allowed"].boolean() == false);
  CHECK(explain_role(roster, catalogue, RoleName{"other"}, "GET", "/").error().code == "ROLE_UNKNOWN");
  CHECK(show_role(roster, RoleName{"reader"})->dump() ==
        R"({"name":"reader","mode":"enforce","rules":[{"name":"read contacts","effect":"allow",)"
        R"("objects":["contacts"],"actions":"view","operations":[]}]})");
}

}  // namespace
}  // namespace hubward::admin
