// SPDX-License-Identifier: Apache-2.0
#include "webhooks/inbox.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "webhooks/fake_house.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

namespace {

std::vector<EventFacts> all_of(House& house) {
  return house.run(house.inbox->list({})).value();
}

RequestMark mark_of(std::string_view signature, TimePoint until) {
  return {crypto::sha256(bytes_of(signature)), until};
}

std::int64_t number_in(House& house, std::string sql) {
  return store::integer_at(house.file->read({std::move(sql)}).value().front(), 0);
}

}  // namespace

TEST_CASE("what was accepted is there after a restart, as it came") {
  House house;
  Sample sample;
  std::string body = batch({sample});
  REQUIRE(house.accept(body));
  house.reopen();
  std::vector<EventFacts> events = all_of(house);
  REQUIRE(events.size() == 1);
  CHECK(events[0].id.number == 1);
  CHECK(events[0].app.text == "crm");
  CHECK(events[0].kind == "contact.propertyChange");
  CHECK(events[0].account == HubId{62515});
  CHECK(events[0].subscription == 2001);
  CHECK(events[0].object_type == "contacts");
  CHECK(events[0].object == "901");
  CHECK(events[0].property == "lifecyclestage");
  CHECK(to_millis(events[0].occurred) == sample.occurred);
  CHECK(events[0].received == house.clock.now());
  Inbox::Whole whole = house.run(house.inbox->read(events[0].id)).value();
  CHECK(whole.payload == to_json(sample));
  CHECK(whole.facts == events[0]);
  CHECK(house.run(house.inbox->read(EventId{2})).error().code == "EVENT_UNKNOWN");
}

TEST_CASE("an event that comes again is not stored again, whatever its attempt; another is") {
  House house;
  REQUIRE(house.accept(batch({{.event = 1}, {.event = 2}, {.event = 1}})));
  REQUIRE(house.accept(batch({{.event = 1, .attempt = 1}, {.event = 3}})));
  CHECK(all_of(house).size() == 3);
  CHECK(house.run(house.inbox->count()).value().duplicates == 2);
  house.reopen();
  REQUIRE(house.accept(batch({{.event = 2, .attempt = 4}})));
  CHECK(all_of(house).size() == 3);
  CHECK(house.run(house.inbox->count()).value().duplicates == 3);
}

TEST_CASE("a request is taken once, whenever it is sent again, and HubSpot's own retry is another request") {
  House house;
  TimePoint until = house.clock.now() + 6min;
  REQUIRE(house.accept(batch({{.event = 1}}), mark_of("first", until)));
  CHECK(house.accept(batch({{.event = 1}}), mark_of("first", until)).error().code == "HOOK_REPLAYED");
  house.reopen();
  // Even with other events: none of them gets in.
  CHECK(house.accept(batch({{.event = 9}}), mark_of("first", until)).error().code == "HOOK_REPLAYED");
  CHECK(all_of(house).size() == 1);
  REQUIRE(house.accept(batch({{.event = 1, .attempt = 1}}), mark_of("retry", until)));
  CHECK(all_of(house).size() == 1);
  CHECK(house.run(house.inbox->count()).value().duplicates == 1);
}

TEST_CASE("unknown accounts and kinds, and what says almost nothing, are kept") {
  House house;
  REQUIRE(house.accept(R"([{"portalId":999,"subscriptionType":"boat.sank","objectId":"x1"},{},{"a":1}])"));
  std::vector<EventFacts> events = all_of(house);
  REQUIRE(events.size() == 3);
  CHECK(events[2].kind == "boat.sank");
  CHECK(events[2].account == HubId{999});
  CHECK_FALSE(events[1].account);
  CHECK(events[1].occurred == house.clock.now());
}

TEST_CASE("the same words in two requests are two events where nothing identifies one") {
  House house;
  TimePoint until = house.clock.now() + 6min;
  const std::string run = R"({"callbackId":"ap-1"})";
  REQUIRE(house.accept(run, mark_of("first", until)));
  REQUIRE(house.accept(run, mark_of("second", until)));
  CHECK(all_of(house).size() == 2);
  REQUIRE(house.accept(run));  // v1 and v2 have no timestamp that could tell them apart
  REQUIRE(house.accept(run));
  CHECK(all_of(house).size() == 3);
}

TEST_CASE("every destination that wants an event gets one delivery of it") {
  House house;
  std::int64_t all = house.run(house.inbox->number_of({"all"})).value();
  std::int64_t some = house.run(house.inbox->number_of({"some"})).value();
  CHECK(all != some);
  auto routes = std::make_shared<Routes>();
  routes->push_back({all, {}});
  routes->push_back({some, {.kinds = {"deal.*"}}});
  house.inbox->set(routes);
  int woken = 0;
  house.inbox->on_accepted([&woken] { ++woken; });
  REQUIRE(house.accept(batch({{.event = 1}, {.event = 2, .kind = "deal.creation"}, {.event = 1}})));
  REQUIRE(house.accept(batch({{.event = 2, .attempt = 1, .kind = "deal.creation"}})));
  CHECK(woken == 2);
  CHECK(house.run(house.inbox->count()).value().waiting == 3);
  CHECK(number_in(house,
                  "SELECT count(*) FROM inbox_deliveries d JOIN inbox_events e ON e.id = d.event "
                  "AND e.lane = d.lane AND e.occurred = d.occurred") == 3);
  CHECK(number_in(house, "SELECT event FROM inbox_deliveries WHERE destination = " + std::to_string(some)) ==
        2);
  house.reopen();
  CHECK(house.run(house.inbox->number_of({"some"})).value() == some);
}

TEST_CASE(
    "events rest sealed: no byte of a payload is in the file or its log, and one that was moved is refused") {
  House house;
  REQUIRE(house.accept(batch({{.event = 1, .value = "canary-7f3a"}, {.event = 2, .value = "other"}})));
  for (const auto& entry : std::filesystem::directory_iterator(house.folder.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    CHECK(bytes.find("canary-7f3a") == std::string::npos);
  }
  REQUIRE(house.file->write(
      {{"UPDATE inbox_events SET sealed = (SELECT sealed FROM inbox_events WHERE id = 1) WHERE id = 2"}}));
  CHECK(house.run(house.inbox->read(EventId{1})));
  Error refused = house.run(house.inbox->read(EventId{2})).error();
  CHECK(refused.code == "SEALED_VALUE_REFUSED");
  CHECK(refused.message.find("event 2") != std::string::npos);
}

TEST_CASE("a file of before is brought up to date, and its events are still known") {
  store::Schema first = schema();
  first.migrations = first.migrations.first(1);
  House house({}, first);
  const TimePoint until = house.clock.now() + 6min;
  for (std::uint64_t number : {1, 2, 3}) {
    const std::string body = batch({{.event = number}});
    const auto events = hubspot::read_events(body).value();
    EventFacts facts = facts_of(events.front(), AppName{"crm"}, house.clock.now());
    const std::span<const std::byte> identity(facts.identity);
    REQUIRE(house.file->write(
        {{"INSERT INTO inbox_requests VALUES (?, ?)",
          {number_from(mark_of(std::to_string(number), until).signature), to_millis(until)}},
         {"INSERT INTO inbox_seen VALUES (?, ?, ?)",
          {number_from(identity), number_from(identity.subspan(8)), to_millis(facts.received)}},
         {"INSERT INTO inbox_events (app, kind, object_type, object, property, sensitive, occurred, "
          "received, "
          "attempt, identity, lane, sealed) VALUES ('crm', '', '', '', '', 0, ?, ?, 0, ?, 0, x'00')",
          {to_millis(facts.occurred), to_millis(facts.received), facts.identity}}}));
  }
  house.reopen();
  CHECK(house.accept(batch({{.event = 9}}), mark_of("2", until)).error().code == "HOOK_REPLAYED");
  REQUIRE(house.accept(batch({{.event = 1}, {.event = 2}, {.event = 3}, {.event = 4}})));
  CHECK(all_of(house).size() == 4);
  CHECK(house.run(house.inbox->count()).value().duplicates == 3);
}

TEST_CASE("what outlived its retention goes, but never what is still to be delivered") {
  House house;
  TimePoint until = house.clock.now() + 6min;
  REQUIRE(house.accept(batch({{.event = 1}}), mark_of("first", until)));
  std::int64_t number = house.run(house.inbox->number_of({"all"})).value();
  house.inbox->set(std::make_shared<const Routes>(Routes{{number, {}}}));
  REQUIRE(house.accept(batch({{.event = 2}}), mark_of("second", until)));
  Retention retention{.duplicates = 48h, .events = 24h};

  house.clock.advance(7min);
  REQUIRE(house.run(house.inbox->clear(retention)));
  CHECK(number_in(house, "SELECT count(*) FROM inbox_requests") == 0);
  CHECK(all_of(house).size() == 2);

  house.clock.advance(25h);
  REQUIRE(house.run(house.inbox->clear(retention)));
  std::vector<EventFacts> left = all_of(house);
  REQUIRE(left.size() == 1);
  CHECK(left[0].id.number == 2);
  // Gone, but still remembered.
  REQUIRE(house.accept(batch({{.event = 1, .attempt = 2}})));
  CHECK(all_of(house).size() == 1);

  house.clock.advance(24h);
  REQUIRE(house.run(house.inbox->clear(retention)));
  CHECK(number_in(house, "SELECT count(*) FROM inbox_seen") == 0);
  REQUIRE(house.accept(batch({{.event = 1, .attempt = 3}})));
  CHECK(all_of(house).size() == 2);
  CHECK(all_of(house)[0].id.number == 3);  // no number is given twice
}

TEST_CASE("lists are filtered, newest first, and paged") {
  House house;
  for (std::uint64_t event = 1; event <= 5; ++event) {
    REQUIRE(house.accept(batch({{.event = event, .account = event % 2, .kind = "deal.creation"}})));
    house.clock.advance(1s);
  }
  auto ids = [&](tables::EventQuestion question) {
    std::vector<std::uint64_t> numbers;
    for (const EventFacts& facts : house.run(house.inbox->list(question)).value())
      numbers.push_back(facts.id.number);
    return numbers;
  };
  using Ids = std::vector<std::uint64_t>;
  CHECK(ids({}) == Ids{5, 4, 3, 2, 1});
  CHECK(ids({.limit = 2}) == Ids{5, 4});
  CHECK(ids({.before = EventId{4}, .limit = 2}) == Ids{3, 2});
  CHECK(ids({.account = HubId{1}}) == Ids{5, 3, 1});
  CHECK(ids({.after = EventId{2}}) == Ids{3, 4, 5});
  CHECK(ids({.after = EventId{2}, .limit = 1}) == Ids{3});
  CHECK(ids({.after = EventId{5}}).empty());
  CHECK(ids({.kind = "deal.deletion"}).empty());
  CHECK(ids({.app = AppName{"other"}}).empty());
  CHECK(ids({.from = house.clock.now() - 2s}) == Ids{5, 4});
  CHECK(ids({.to = house.clock.now() - 4s}) == Ids{1});
}
