// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_journal.hpp"

#include <doctest/doctest.h>

#include "core/json.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::string_view some_offset = "018cc251-f400-7000-8000-0123456789ab";

OauthAnswer answer_of(int status, std::string_view body) {
  OauthAnswer answer;
  answer.status = status;
  answer.body = Secret(body);
  return answer;
}

std::string file_of(std::string_view events) {
  return R"({"offset":"018cc251-f400-7000-8000-0123456789ab","publishedAt":"2026-03-01T12:00:05.000Z",)"
         R"("journalEvents":[)" +
         std::string(events) + "]}";
}

// The only body of the events.
Json turned(std::string_view events, const JournalReading& reading = {.app = 551122}) {
  Result<JournalFile> file = read_journal_file(file_of(events), reading);
  REQUIRE_MESSAGE(file, (file ? "" : file.error().message));
  REQUIRE(file->bodies.size() == 1);
  Result<Json> body = Json::parse(file->bodies[0]);
  REQUIRE(body);
  CHECK(body->items().size() == file->events);
  return *body;
}

// Of a body with one event, as the webhook's reader reads it.
crypto::Digest happening(const std::string& body) {
  auto events = read_events(body);
  REQUIRE_MESSAGE(events, (events ? "" : events.error().message));
  REQUIRE(events->size() == 1);
  auto happening = happening_of(events->front());
  REQUIRE(happening);
  return *happening;
}

}  // namespace

TEST_CASE("a place in the journal is asked for by its path, with the token as the bearer only") {
  Secret token("CPtoken");
  auto target = [&](JournalPosition position) {
    OauthCall call = journal_call(default_journal_path, position, token);
    CHECK(call.method == "GET");
    CHECK(call.bearer->reveal_text() == "CPtoken");
    return call.target;
  };
  using From = JournalPosition::From;
  CHECK(target({From::Earliest}) == "/webhooks-journal/journal/2026-03/earliest");
  CHECK(target({From::Latest}) == "/webhooks-journal/journal/2026-03/latest");
  CHECK(target({From::After, std::string(some_offset)}) ==
        "/webhooks-journal/journal/2026-03/offset/018cc251-f400-7000-8000-0123456789ab/next");
}

TEST_CASE("client credentials are asked for with their scope") {
  Secret secret("s&cret");
  OauthCall call = client_credentials_call(OauthVersion::Dated2026_03, {"id", secret}, default_journal_scope);
  CHECK(call.target == "/oauth/2026-03/token");
  CHECK(call.body.reveal_text() ==
        "grant_type=client_credentials&client_id=id&client_secret=s%26cret&scope=developer.webhooks_journal."
        "read");
}

TEST_CASE("an entry is an offset and an address, and anything else is said") {
  using From = JournalPosition::From;
  const JournalPosition first{From::Earliest}, behind{From::After, std::string(some_offset)};
  std::string good =
      R"({"currentOffset":"018cc251-f400-7000-8000-0123456789ab","expiresAt":"2026-03-01T12:00:00Z",)"
      R"("url":"https://files.example.com/x?sig=abc"})";
  auto read = read_journal_entry(first, answer_of(200, good));
  REQUIRE(std::holds_alternative<std::variant<JournalEntry, JournalEnd>>(read));
  auto& entry = std::get<JournalEntry>(std::get<std::variant<JournalEntry, JournalEnd>>(read));
  CHECK(entry.offset == some_offset);
  CHECK(entry.address.reveal_text() == "https://files.example.com/x?sig=abc");

  auto is_end = [](const auto& outcome) {
    auto* either = std::get_if<std::variant<JournalEntry, JournalEnd>>(&outcome);
    return either != nullptr && std::holds_alternative<JournalEnd>(*either);
  };
  CHECK(is_end(read_journal_entry(first, answer_of(204, ""))));
  CHECK(is_end(read_journal_entry(behind, answer_of(204, ""))));
  CHECK(is_end(read_journal_entry(behind, answer_of(404, "{}"))));
  // Without an offset it is the path that is wrong.
  CHECK_FALSE(is_end(read_journal_entry(first, answer_of(404, "{}"))));

  auto refused =
      read_journal_entry(first, answer_of(403, R"({"category":"MISSING_SCOPES","status":"error"})"));
  REQUIRE(std::holds_alternative<OauthRefusal>(refused));
  CHECK(std::get<OauthRefusal>(refused).code == "MISSING_SCOPES");
  for (std::string_view garbled : {"", "[]", R"({"currentOffset":"../../x","url":"https://a"})",
                                   R"({"currentOffset":7,"url":"https://a"})",
                                   R"({"currentOffset":"018cc251-f400-7000-8000-0123456789ab"})"})
    CHECK(std::holds_alternative<OauthTrouble>(read_journal_entry(first, answer_of(200, garbled))));
  CHECK(std::holds_alternative<OauthTrouble>(read_journal_entry(behind, answer_of(503, ""))));
}

TEST_CASE("an offset is a UUID and nothing else, since it stands in a path") {
  CHECK(is_journal_offset(some_offset));
  CHECK(is_journal_offset("018CC251-F400-7000-8000-0123456789AB"));
  for (std::string_view wrong :
       {"", "018cc251", "018cc251-f400-7000-8000-0123456789ag", "018cc251-f400-7000-8000-0123456789ab/",
        "018cc251/f400-7000-8000-0123456789ab"})
    CHECK_FALSE_MESSAGE(is_journal_offset(wrong), wrong);
}

TEST_CASE("what the journal says of an object has the form of a webhook") {
  Json body = turned(
      R"({"type":"crmObject","portalId":8801234,"occurredAt":"2026-03-01T12:00:00.123Z","action":"UPDATE",)"
      R"("objectTypeId":"0-1","objectId":901,"propertyChanges":{"lifecyclestage":"lead","age":7,"vip":true,"x":null}})");
  REQUIRE(body.items().size() == 4);
  const Json& first = body.items()[0];
  CHECK(
      first.dump() ==
      R"({"subscriptionType":"contact.propertyChange","portalId":8801234,"appId":551122,)"
      R"("occurredAt":1772366400123,"attemptNumber":0,"deliveredFrom":"journal","objectTypeId":"0-1",)"
      R"("objectId":901,"propertyName":"lifecyclestage","propertyValue":"lead","type":"crmObject","action":"UPDATE"})");
  const std::string_view values[] = {"lead", "7", "true", ""};
  for (std::size_t i = 0; i < 4; ++i) CHECK(body.items()[i]["propertyValue"].text() == values[i]);
}

TEST_CASE("every action has a kind, and what has none is kept as it is") {
  struct Row {
    std::string_view event, kind, object;
  };
  const Row rows[] = {
      {R"({"action":"CREATE","objectTypeId":"0-2","objectId":"5"})", "company.creation", "5"},
      {R"({"action":"DELETE","objectTypeId":"0-3","objectId":5})", "deal.deletion", "5"},
      {R"({"action":"RESTORE","objectTypeId":"0-5","objectId":5})", "ticket.restore", "5"},
      {R"({"action":"GDPR_DELETE","objectTypeId":"0-1","objectId":5})", "contact.privacyDeletion", "5"},
      {R"({"action":"MERGE","objectTypeId":"0-1","objectId":5,"mergedObjectIds":[6]})", "contact.merge", "5"},
      {R"({"action":"CREATE","objectTypeId":"2-123","objectId":5})", "object.creation", "5"},
      {R"({"action":"ASSOCIATION_ADDED","fromObjectTypeId":"0-1","toObjectTypeId":"0-2","fromObjectId":5,"toObjectId":6})",
       "contact.associationChange", "5"},
      {R"({"action":"APP_UNINSTALL","type":"app_lifecycle_event"})", "journal.app_uninstall", ""},
      {R"({"action":"SNAPSHOT","objectTypeId":"0-1","objectId":5})", "journal.snapshot", "5"},
      {R"({"type":"event","eventTypeId":"4-1"})", "journal.event", ""},
      {R"({"action":"CREATE","objectTypeId":"0-1"})", "journal.create", ""},
      {R"({"action":"UPDATE","objectTypeId":"0-1","objectId":5})", "journal.update", "5"},
      {R"({"action":"UPDATE","objectTypeId":"0-1","objectId":5,"propertyChanges":{"a":{"b":1}}})",
       "journal.update", "5"},
      {R"({"action":"ASSOCIATION_REMOVED","fromObjectId":5})", "journal.association_removed", "5"},
      {"{}", "journal.event", ""},
  };
  for (const Row& row : rows) {
    Json body = turned(row.event);
    auto events = read_events(body.dump());
    REQUIRE(events);
    REQUIRE_MESSAGE(events->size() == 1, row.event);
    CHECK_MESSAGE(events->front().kind == row.kind, row.event);
    CHECK_MESSAGE(events->front().object == row.object, row.event);
    // Where it does not say when, the file does.
    CHECK(events->front().occurred == from_iso8601("2026-03-01T12:00:05Z"));
    CHECK_FALSE(events->front().identified);
    CHECK(body.items()[0]["deliveredFrom"].text() == "journal");
  }
  JournalReading generic{.kinds = JournalKinds::Generic};
  Json body = turned(R"({"action":"CREATE","objectTypeId":"0-1","objectId":5})", generic);
  CHECK(body.items()[0]["subscriptionType"].text() == "object.creation");
  CHECK_FALSE(body.items()[0].has("appId"));
}

TEST_CASE("what is kept as it is keeps all that it said") {
  Json body = turned(R"({"action":"SNAPSHOT","portalId":1,"objectId":5,"properties":{"a":{"b":[1,2]}}})");
  CHECK(body.items()[0]["properties"].dump() == R"({"a":{"b":[1,2]}})");
}

TEST_CASE("an id is a number where JSON has it as one, and else the text that it was") {
  for (const auto& [written, read] : {std::pair{R"("701")", "701"},
                                      {R"(701)", "701"},
                                      {R"("0")", "0"},
                                      {R"("06")", R"("06")"},
                                      {R"("00")", R"("00")"},
                                      {R"("7a")", R"("7a")"}}) {
    CAPTURE(written);
    const Json body = turned(
        std::string(R"({"action":"DELETE","objectTypeId":"0-1","objectId":1,"portalId":)") + written + "}");
    CHECK(body.items().at(0)["portalId"].dump() == read);
  }
}

TEST_CASE("a file becomes bodies of at most so many events") {
  std::string events;
  for (int i = 1; i <= 250; ++i)
    events += (i > 1 ? "," : "") + std::string(R"({"action":"CREATE","objectTypeId":"0-1","objectId":)") +
              std::to_string(i) + "}";
  Result<JournalFile> file = read_journal_file(file_of(events), {});
  REQUIRE(file);
  CHECK(file->events == 250);
  REQUIRE(file->bodies.size() == 3);
  auto last = read_events(file->bodies[2]);
  REQUIRE(last);
  CHECK(last->size() == 50);
  CHECK(last->back().object == "250");
  Result<JournalFile> empty = read_journal_file(file_of(""), {});
  REQUIRE(empty);
  CHECK(empty->bodies.empty());
}

TEST_CASE("a file that is none is refused, and the refusal repeats nothing") {
  for (std::string_view wrong : {"", "canary", "[]", "{}", R"({"journalEvents":{"canary":1}})",
                                 R"({"journalEvents":["canary"]})", R"({"journalEvents":[{}]}canary)"}) {
    Result<JournalFile> file = read_journal_file(wrong, {});
    REQUIRE_MESSAGE(!file, wrong);
    CHECK(file.error().code == "JOURNAL_INVALID");
    CHECK_FALSE(file.error().message.contains("canary"));
  }
}

TEST_CASE("the webhook and the journal's event of one happening are known to be the same") {
  struct Row {
    std::string pushed;
    std::string_view journalled;
  };
  const Row same[] = {
      {R"({"subscriptionType":"contact.propertyChange","portalId":1,"subscriptionId":9,"eventId":3,"occurredAt":1772366400123,"objectId":901,"propertyName":"email","propertyValue":"a@b"})",
       R"({"portalId":1,"occurredAt":"2026-03-01T12:00:00.123Z","action":"UPDATE","objectTypeId":"0-1","objectId":901,"propertyChanges":{"email":"a@b"}})"},
      {R"({"subscriptionType":"object.creation","portalId":1,"occurredAt":1772366400123,"objectTypeId":"0-1","objectId":901})",
       R"({"portalId":1,"occurredAt":1772366400123,"action":"CREATE","objectTypeId":"0-1","objectId":"901"})"},
      {R"({"subscriptionType":"contact.associationChange","portalId":1,"occurredAt":1,"associationType":"CONTACT_TO_COMPANY","fromObjectId":5,"toObjectId":6,"associationRemoved":true,"isPrimaryAssociation":false})",
       R"({"portalId":1,"occurredAt":1,"action":"ASSOCIATION_REMOVED","fromObjectTypeId":"0-1","toObjectTypeId":"0-2","fromObjectId":5,"toObjectId":6})"},
      {R"({"subscriptionType":"deal.merge","portalId":1,"occurredAt":1,"objectId":5,"primaryObjectId":5,"mergedObjectIds":[6]})",
       R"({"portalId":1,"occurredAt":1,"action":"MERGE","objectTypeId":"0-3","objectId":5})"},
  };
  for (const Row& row : same)
    CHECK_MESSAGE(happening(row.pushed) == happening(turned(row.journalled).dump()), row.pushed);

  const std::string base = R"("portalId":1,"occurredAt":1,"objectId":5)";
  const std::string others[] = {
      R"({"subscriptionType":"contact.creation",)" + base + "}",
      R"({"subscriptionType":"company.creation",)" + base + "}",
      R"({"subscriptionType":"contact.deletion",)" + base + "}",
      R"({"subscriptionType":"contact.creation","portalId":2,"occurredAt":1,"objectId":5})",
      R"({"subscriptionType":"contact.creation","portalId":1,"occurredAt":1,"objectId":6})",
      R"({"subscriptionType":"contact.propertyChange","propertyName":"a",)" + base + "}",
      R"({"subscriptionType":"contact.propertyChange","propertyName":"b",)" + base + "}",
      R"({"subscriptionType":"contact.associationChange","portalId":1,"occurredAt":1,"associationType":"CONTACT_TO_DEAL","fromObjectId":5,"toObjectId":6})",
      R"({"subscriptionType":"contact.associationChange","portalId":1,"occurredAt":1,"associationType":"CONTACT_TO_DEAL","fromObjectId":5,"toObjectId":7})",
      R"({"subscriptionType":"contact.associationChange","portalId":1,"occurredAt":1,"associationType":"CONTACT_TO_DEAL","fromObjectId":5,"toObjectId":6,"associationRemoved":true})",
      R"({"subscriptionType":"contact.associationChange","portalId":1,"occurredAt":1,"associationType":"CONTACT_TO_TICKET","fromObjectId":5,"toObjectId":6})",
  };
  for (std::size_t i = 0; i < std::size(others); ++i)
    for (std::size_t j = i + 1; j < std::size(others); ++j)
      CHECK_MESSAGE(happening(others[i]) != happening(others[j]), others[i], others[j]);
  for (std::string_view unknown :
       {"{}", R"({"subscriptionType":"contact.creation","portalId":1,"objectId":5})",
        R"({"subscriptionType":"contact","portalId":1,"objectId":5,"occurredAt":1})"}) {
    auto events = read_events("[" + std::string(unknown) + "]");
    REQUIRE(events);
    CHECK_FALSE(happening_of(events->front()));
  }
}

}  // namespace hubward::hubspot
