// SPDX-License-Identifier: Apache-2.0
#include "sandbox/webhook_journal.hpp"

#include <doctest/doctest.h>

#include "hubspot/webhook_events.hpp"
#include "hubspot/webhook_journal.hpp"
#include "sandbox/fake_lab.hpp"

namespace hubward::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view base = "/webhooks-journal/journal/2026-03";

// The app "demo" with a token for its journal; records are made with the private token of account 9100001.
struct Journalled : Lab {
  Journalled() {
    crm_token = token;
    token = credentials_for(
        "developer.webhooks_journal.read%20developer.webhooks_journal.subscriptions.read"
        "%20developer.webhooks_journal.subscriptions.write");
  }
  std::string credentials_for(std::string_view scopes) {
    Answer answer =
        form("/oauth/2026-03/token",
             "grant_type=client_credentials&scope=" + std::string(scopes) + "&" + std::string(credentials));
    REQUIRE_MESSAGE(answer.status == 200, answer.body);
    return Lab::json(answer)["access_token"].text_or("");
  }
  Answer subscribe(std::string_view more = "") {
    return call(
        "POST", "/webhooks-journal/subscriptions/2026-03",
        R"({"subscriptionType":"OBJECT","objectTypeId":"0-1","portalId":9100001,"actions":["CREATE","UPDATE"])" +
            std::string(more) + "}");
  }
  std::string make_contact(std::string_view email) {
    std::swap(token, crm_token);
    std::string id = contact(email);
    std::swap(token, crm_token);
    return id;
  }
  Answer get(std::string_view place) { return call("GET", std::string(base) + std::string(place)); }
  // The file behind an entry, fetched as whoever has its address does.
  Answer file(const Answer& entry, bool with_bearer = false) {
    std::string url = Lab::json(entry)["url"].text_or("");
    std::size_t path = url.find(journal_files);
    REQUIRE(path != std::string::npos);
    std::string kept = std::exchange(token, with_bearer ? token : "");
    Answer answer = call("GET", url.substr(path));
    token = kept;
    return answer;
  }
  std::string crm_token;
};

}  // namespace

TEST_CASE("what an app subscribed to stands in its journal, in files that are read without a token") {
  Journalled lab;
  CHECK(lab.get("/earliest").status == 204);
  Answer made = lab.subscribe(R"(,"properties":["email"])");
  REQUIRE_MESSAGE(made.status == 200, made.body);
  std::string id = lab.make_contact("ada@example.com");
  Answer entry = lab.get("/earliest");
  REQUIRE_MESSAGE(entry.status == 200, entry.body);
  std::string offset = Lab::json(entry)["currentOffset"].text_or("");
  CHECK(hubspot::is_journal_offset(offset));
  Answer file = lab.file(entry);
  REQUIRE_MESSAGE(file.status == 200, file.body);
  // As Hubward reads it.
  auto read = hubspot::read_journal_file(file.body, {});
  REQUIRE(read);
  REQUIRE(read->bodies.size() == 1);
  auto events = hubspot::read_events(read->bodies[0]);
  REQUIRE(events);
  REQUIRE(events->size() == 2);
  CHECK((*events)[0].kind == "contact.creation");
  CHECK((*events)[1].kind == "contact.propertyChange");
  CHECK((*events)[1].property == "email");
  for (const auto& event : *events) {
    CHECK(event.object == id);
    CHECK(event.account == 9100001);
    CHECK(event.occurred == lab.world.now());
  }
  CHECK(lab.get("/offset/" + offset + "/next").status == 204);
  lab.make_contact("bob@example.com");
  Answer next = lab.get("/offset/" + offset + "/next");
  REQUIRE(next.status == 200);
  CHECK(Lab::json(next)["currentOffset"].text() != offset);
  CHECK(Lab::json(lab.get("/latest"))["currentOffset"] == Lab::json(next)["currentOffset"]);
  CHECK(Lab::json(lab.get("/batch/earliest/10"))["results"].items().size() == 2);
  CHECK(Lab::json(lab.get("/batch/latest/1"))["results"].items().size() == 1);
  CHECK(Lab::json(lab.get("/batch/" + offset + "/next/10"))["results"].items().size() == 1);
  Answer batch = lab.call("POST", std::string(base) + "/batch/read",
                          R"({"inputs":[")" + offset + R"(","00000000-0000-0000-0000-000000000000"]})");
  CHECK(batch.status == 207);
  CHECK(Lab::json(batch)["results"].items().size() == 1);
}

TEST_CASE("a file's address is good for a while, as it is, and without a token beside it") {
  Journalled lab;
  REQUIRE(lab.subscribe().status == 200);
  lab.make_contact("ada@example.com");
  Answer entry = lab.get("/earliest");
  CHECK(lab.file(entry).status == 200);
  CHECK(lab.file(entry, true).status == 400);
  lab.clock.advance(WebhookJournal::signed_for + 1s);
  CHECK(lab.file(entry).status == 403);
  lab.token.clear();
  CHECK(lab.call("GET", std::string(journal_files) + "x?expires=1&signature=2").status == 403);
}

TEST_CASE("the journal keeps three days, and an older offset leads to its beginning") {
  Journalled lab;
  REQUIRE(lab.subscribe().status == 200);
  lab.make_contact("ada@example.com");
  std::string offset = Lab::json(lab.get("/earliest"))["currentOffset"].text_or("");
  lab.clock.advance(WebhookJournal::life - 20min);
  lab.token = lab.credentials_for("developer.webhooks_journal.read");
  lab.make_contact("bob@example.com");
  std::string second = Lab::json(lab.get("/latest"))["currentOffset"].text_or("");
  lab.clock.advance(21min);
  CHECK(Lab::json(lab.get("/earliest"))["currentOffset"].text() == second);
  CHECK(Lab::json(lab.get("/offset/" + offset + "/next"))["currentOffset"].text() == second);
}

TEST_CASE("the journal is for client credentials with their scope, and each app has its own") {
  Journalled lab;
  REQUIRE(lab.subscribe().status == 200);
  lab.make_contact("ada@example.com");
  lab.token = lab.credentials_for("developer.webhooks_journal.subscriptions.read");
  CHECK(lab.get("/earliest").status == 403);
  CHECK(lab.subscribe().status == 403);
  CHECK(lab.call("GET", "/webhooks-journal/subscriptions/2026-03").status == 200);
  lab.token = lab.crm_token;
  CHECK(lab.get("/earliest").status == 401);
  CHECK(lab.call("GET", "/webhooks-journal/elsewhere/2026-03").status == 404);
}

TEST_CASE("subscriptions are made, found, replaced and ended") {
  Journalled lab;
  const std::string path = "/webhooks-journal/subscriptions/2026-03";
  Answer made = lab.subscribe();
  std::string id = std::to_string(Lab::json(made)["id"].integer().value_or(0));
  CHECK(std::to_string(Lab::json(lab.subscribe())["id"].integer().value_or(0)) == id);
  CHECK(Lab::json(lab.call("GET", path))["results"].items().size() == 1);
  CHECK(lab.call("GET", path + "/" + id).status == 200);
  CHECK(lab.call("DELETE", path + "/" + id).status == 204);
  CHECK(lab.call("GET", path + "/" + id).status == 404);
  REQUIRE(lab.subscribe().status == 200);
  CHECK(lab.call("DELETE", path + "/portals/9100001").status == 204);
  CHECK(Lab::json(lab.call("GET", path))["results"].items().empty());
  CHECK(lab.call("POST", path, R"({"subscriptionType":"ASSOCIATION"})").status == 400);
  lab.make_contact("ada@example.com");
  CHECK(lab.get("/earliest").status == 204);
}

}  // namespace hubward::sandbox
