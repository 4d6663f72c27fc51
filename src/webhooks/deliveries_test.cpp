// SPDX-License-Identifier: Apache-2.0
// All destinations: reloads, stops, and what operators do.
#include "webhooks/deliveries.hpp"

#include <doctest/doctest.h>

#include <map>

#include "webhooks/delivery_tables.hpp"
#include "webhooks/fake_receivers.hpp"
#include "webhooks/standard_webhooks.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

TEST_CASE("410 disables a destination until an operator enables it, also across a restart") {
  Post post;
  Receiver& receiver = post.receive("erp");
  receiver.answer = [](const Arrival&) { return 410; };
  post.start();
  post.accept({{.event = 1}});
  post.wait_until([&] { return post.view("erp").facts.state == Deliverer::Facts::State::Disabled; });
  post.accept({{.event = 2, .object = 2}});
  post.restart();
  CHECK(post.view("erp").facts.state == Deliverer::Facts::State::Disabled);
  CHECK(post.view("erp").facts.cause == "answered 410");
  CHECK(post.view("erp").waiting == 2);
  CHECK(receiver.arrivals.size() == 1);
  receiver.answer = [](const Arrival&) { return 204; };
  REQUIRE(post.house.run(post.deliveries->enable({"erp"})));
  post.wait_for_end();
  CHECK(receiver.arrivals.size() == 3);
  REQUIRE(post.house.run(post.deliveries->disable({"erp"}, "maintenance")));
  post.accept({{.event = 3}});
  CHECK(post.view("erp").facts.cause == "maintenance");
  CHECK(post.view("erp").waiting == 1);
  CHECK(post.house.run(post.deliveries->enable({"nowhere"})).error().code == "DESTINATION_UNKNOWN");
}

TEST_CASE("a reload changes where events go, and what is gone keeps its events until they are thrown away") {
  Post post;
  Receiver& gone = post.receive("gone");
  gone.answer = [](const Arrival&) { return 503; };
  Receiver& stays = post.receive("stays");
  post.start();
  post.accept({{.event = 1}});
  post.wait_for(stays, 1);
  post.wait_for(gone, 1);
  REQUIRE(post.house.run(post.deliveries->set({post.destinations[1]})));
  post.accept({{.event = 2}});
  post.wait_for(stays, 2);
  CHECK_FALSE(post.view("gone").configured);
  CHECK(post.view("gone").waiting == 1);
  CHECK(post.house.run(post.deliveries->replay({"gone"}, {})).error().code == "DESTINATION_UNKNOWN");
  CHECK(
      post.house.run(post.deliveries->discard({.id = {}, .destination = DestinationName{"stays"}})).value() ==
      0);
  CHECK(
      post.house.run(post.deliveries->discard({.id = {}, .destination = DestinationName{"gone"}})).value() ==
      1);
  CHECK(post.house.run(post.deliveries->list()).value().size() == 1);
  CHECK(gone.arrivals.size() == 1);
}

TEST_CASE("a destination that cannot be started any more goes on as it was, and the others change") {
  Post post;
  Receiver& first = post.receive("first");
  Receiver& second = post.receive("second");
  post.start();
  auto broken = std::make_shared<Destination>();
  broken->name = {"first"};
  broken->client.authority_files = {"/nowhere/ca.pem"};
  REQUIRE_FALSE(post.house.run(post.deliveries->set({broken, post.destinations[1]})));
  post.accept({{.event = 1}});
  post.wait_for(first, 1);
  post.wait_for(second, 1);
}

TEST_CASE("who only looks at the store delivers nothing") {
  Post post;
  Receiver& receiver = post.receive("erp");
  post.deliveries = std::make_unique<Deliveries>(
      Deliverer::Parts{post.house.loop, post.house.clock, *post.house.inbox, post.house.random,
                       post.house.metrics, post.house.log, *post.journal});
  REQUIRE(post.house.run(post.deliveries->set(post.destinations)));
  post.accept({{.event = 1}});
  CHECK(post.view("erp").waiting == 1);
  REQUIRE(post.house.run(post.deliveries->disable({"erp"}, "")));
  REQUIRE(post.house.run(post.deliveries->enable({"erp"})));
  for (int turn = 0; turn < 100; ++turn) post.house.run(Post::turn());
  CHECK(receiver.arrivals.empty());
}

TEST_CASE("events are replayed by what they are, under new ids, once") {
  Post post;
  Receiver& receiver = post.receive("erp");
  post.start();
  std::vector<Sample> samples;
  for (std::uint64_t event = 1; event <= 30; ++event)
    samples.push_back({.event = event, .account = event % 3, .object = event});
  post.accept(samples);
  post.wait_for_end();
  REQUIRE(receiver.arrivals.size() == 30);
  auto replay = [&](tables::EventQuestion question) {
    return post.house.run(post.deliveries->replay({"erp"}, question));
  };
  CHECK(replay({.account = HubId{1}}).value() == 10);
  post.wait_for_end();
  CHECK(receiver.arrivals.size() == 40);
  std::map<std::string, int> ids;
  for (const Arrival& arrival : receiver.arrivals) ++ids[arrival.id];
  CHECK(ids.size() == 40);
  CHECK(replay({.id = EventId{7}}).value() == 1);
  CHECK(replay({.from = post.house.clock.now() + 1s}).value() == 0);
  post.wait_for_end();
  CHECK(receiver.events().back() == 7);
}

TEST_CASE("a destination that goes and comes back waits for the attempts of before") {
  Post post;
  Receiver& erp = post.receive("erp");
  erp.answer = [&](const Arrival&) { return erp.arrivals.size() == 1 ? 0 : 204; };
  post.start();
  post.accept({{.event = 1, .object = 1}, {.event = 2, .object = 1, .occurred = 1'799'999'990'001}});
  post.wait_for(erp, 1);
  REQUIRE(post.house.run(post.deliveries->set({})));
  REQUIRE(post.house.run(post.deliveries->set(post.destinations)));
  for (int i = 0; i < 200; ++i) post.house.run(Post::turn());
  CHECK(erp.events() == Numbers{1});
  erp.let_go();  // it answers nothing that counts: the attempt failed, and is made again when due
  post.pass(10s);
  post.wait_for_end();
  CHECK(erp.events() == Numbers{1, 1, 2});
}

TEST_CASE("a stop begins nothing anywhere while it waits for one that hangs") {
  Post post;
  Receiver& hangs = post.receive("hangs", {}, 1);
  Receiver& busy = post.receive("busy", {}, 1);
  hangs.answer = [](const Arrival&) { return 0; };
  post.start();
  std::vector<Sample> samples;
  for (std::uint64_t event = 1; event <= 50; ++event) samples.push_back({.event = event, .object = event});
  post.accept(samples);
  post.wait_for(hangs, 1);
  std::size_t begun = busy.arrivals.size() + 1;
  CHECK_FALSE(post.house.run(post.deliveries->drain(after(50ms))));
  CHECK(busy.arrivals.size() <= begun);
  // Nor does a reload that comes then.
  REQUIRE(post.house.run(post.deliveries->set(post.destinations)));
  for (int i = 0; i < 200; ++i) post.house.run(Post::turn());
  CHECK(busy.arrivals.size() <= begun);
}

TEST_CASE("what is done to dead letters is done to those that are there") {
  House house;
  for (int i = 0; i < 5; ++i)
    REQUIRE(
        house.file->write({{"INSERT INTO inbox_deliveries (destination, event, lane, occurred, state) "
                            "VALUES (1, 1, 1, 1, 1)"}}));
  auto count = [&](tables::DeadChoice choice) {
    return store::integer_at(house.file->read(tables::count_dead(choice)).value().front(), 0);
  };
  CHECK(store::integer_at(house.file->read(tables::select_newest_delivery()).value().front(), 0) == 5);
  CHECK(count({.destination = 1}) == 5);
  CHECK(count({.destination = 1, .newest = 3}) == 3);
  CHECK(count({.newest = 0}) == 0);
}

TEST_CASE("what waits and what is dead can be measured, for each destination") {
  Post post;
  Receiver& erp = post.receive("erp");
  post.receive("crm");
  erp.answer = [](const Arrival&) { return 0; };
  post.start();
  post.accept({{.event = 1, .object = 1}, {.event = 2, .object = 2}, {.event = 3, .object = 3}});
  post.wait_for(erp, 3);
  post.wait_until([&] { return post.view("crm").waiting == 0; });
  REQUIRE(post.house.run(post.deliveries->measure(post.house.metrics)));
  const std::string text = post.house.metrics.text();
  for (std::string_view line :
       {R"(hubward_deliveries_waiting{destination="erp"} 3)",
        R"(hubward_deliveries_waiting{destination="crm"} 0)", R"(hubward_dead_letters{destination="erp"} 0)",
        R"(hubward_destination_state{destination="erp"} 0)"})
    CHECK_MESSAGE(text.contains(line), text);
  CHECK_FALSE(text.contains("/in?x=1"));
}
