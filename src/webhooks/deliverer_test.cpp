// SPDX-License-Identifier: Apache-2.0
// One destination: what it gets, in which order, and what becomes of it when it fails.
#include "webhooks/deliverer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "webhooks/delivery_plan.hpp"
#include "webhooks/delivery_tables.hpp"
#include "webhooks/fake_receivers.hpp"
#include "webhooks/standard_webhooks.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

TEST_CASE("an event reaches its destination as HubSpot wrote it, signed") {
  Post post;
  Receiver& receiver = post.receive("erp");
  post.start();
  post.accept({{.event = 7}});
  post.wait_for_end();
  REQUIRE(receiver.arrivals.size() == 1);
  const Arrival& arrival = receiver.arrivals[0];
  CHECK(arrival.body == to_json({.event = 7}));
  CHECK(arrival.attempt == "1");
  CHECK(arrival.id.starts_with("msg_"));
  CHECK(arrival.bearer.empty());
  CHECK(arrival.timestamp == std::to_string(to_millis(post.house.clock.now()) / 1000));
  std::vector<crypto::HmacKey> keys;
  keys.push_back(signing_key(Secret(delivery_secret)).value());
  CHECK(arrival.signature == signature_header(keys, arrival.id, arrival.timestamp, arrival.body));
  CHECK(post.view("erp").facts.delivered == 1);
  CHECK(post.view("erp").facts.lanes == 0);
  CHECK(post.house.metrics.text().contains(R"(hubward_delivery_seconds_count{destination="erp"} 1)"));
}

TEST_CASE("an event that does not open any more is a dead letter, and no destination is blamed for it") {
  Post post;
  Receiver& receiver = post.receive("erp", {}, 1);
  post.start();
  REQUIRE(post.house.run(post.deliveries->disable({"erp"}, "")));
  std::vector<Sample> samples;
  for (std::uint64_t event = 1; event <= 7; ++event) samples.push_back({.event = event, .object = event});
  post.accept(samples);
  REQUIRE(post.house.file->write({{"UPDATE inbox_events SET sealed = zeroblob(60) WHERE id < 7"}}));
  REQUIRE(post.house.run(post.deliveries->enable({"erp"})));
  post.wait_for_end();
  CHECK(receiver.events() == Numbers{7});
  CHECK(post.view("erp").dead == 6);
  CHECK(post.view("erp").facts.state == Deliverer::Facts::State::Delivering);
  CHECK(post.house.run(post.deliveries->dead(std::nullopt, std::nullopt, 1))
            .value()
            .at(0)
            .letter.cause.contains("event 6"));
}

TEST_CASE(
    "events of an object arrive in the order in which they occurred, whatever fails; others do not wait") {
  Post post;
  Receiver& receiver = post.receive("erp");
  int refusals = 2;
  receiver.answer = [&](const Arrival& arrival) { return arrival.event == 1 && refusals-- > 0 ? 422 : 204; };
  // All of them are there before anything is sent: 1 and 2 came in the wrong order.
  std::int64_t number = post.house.run(post.house.inbox->number_of({"erp"})).value();
  post.house.inbox->set(std::make_shared<const Routes>(Routes{{number, {}}}));
  post.accept({{.event = 2, .object = 1, .occurred = 200},
               {.event = 1, .object = 1, .occurred = 100},
               {.event = 3, .object = 2},
               {.event = 4, .object = 2, .occurred = 1'799'999'990'001}});
  post.start();
  auto of_object = [&](std::uint64_t first, std::uint64_t second) {
    Numbers numbers;
    for (std::uint64_t event : receiver.events())
      if (event == first || event == second) numbers.push_back(event);
    return numbers;
  };
  post.wait_for(receiver, 3);
  CHECK(of_object(1, 2) == Numbers{1});
  CHECK(of_object(3, 4) == Numbers{3, 4});
  post.pass(6s);
  post.wait_for(receiver, 4);
  CHECK(of_object(1, 2) == Numbers{1, 1});
  post.pass(12s);
  post.wait_for(receiver, 6);
  CHECK(of_object(1, 2) == Numbers{1, 1, 1, 2});
  std::map<std::string, Numbers> attempts;
  for (const Arrival& arrival : receiver.arrivals)
    attempts[arrival.id].push_back(std::stoull(arrival.attempt));
  CHECK(attempts.size() == 4);
  CHECK(std::ranges::count(attempts, Numbers{1, 2, 3}, [](const auto& one) { return one.second; }) == 1);
  post.wait_for_end();
}

TEST_CASE("a destination that hangs delays no other") {
  Post post;
  Receiver& hanging = post.receive("hanging");
  hanging.answer = [](const Arrival&) { return 0; };
  Receiver& good = post.receive("good");
  post.start();
  for (std::uint64_t event = 1; event <= 50; ++event) post.accept({{.event = event, .object = event}});
  post.wait_for(good, 50);
  CHECK(hanging.arrivals.size() == 10);  // its concurrency
  post.wait_until([&] { return post.view("good").waiting == 0; });
  CHECK(post.view("hanging").waiting == 50);
}

TEST_CASE("after three days of failures a delivery is a dead letter, and its lane goes on") {
  Post post;
  Receiver& receiver = post.receive("erp");
  receiver.answer = [](const Arrival& arrival) { return arrival.event == 1 ? 400 : 204; };
  post.start();
  post.accept({{.event = 1}, {.event = 2, .occurred = 1'799'999'990'001}});
  post.wait_for(receiver, 1);
  for (std::size_t attempts = 1; receiver.events().back() != 2; ++attempts) {
    post.pass(5h);
    post.wait_for(receiver, attempts + 1);
    REQUIRE(attempts < 40);
  }
  CHECK(receiver.arrivals.size() > 10);
  post.wait_for_end();
  Deliveries::View view = post.view("erp");
  CHECK(view.dead == 1);
  CHECK(view.waiting == 0);
  auto dead = post.house.run(post.deliveries->dead(std::nullopt, std::nullopt, 10)).value();
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].destination.text == "erp");
  CHECK(dead[0].letter.cause == "answered 400");
  CHECK(dead[0].letter.event.object == "901");
  CHECK(post.house.logged.contains("webhook.dead_letter"));
  REQUIRE(post.journal->flush());
  CHECK(post.journal->tail(1).value().at(0).operation == "webhook.dead_letter");

  // Driven again it has the id that it had, and a whole new life.
  receiver.answer = [](const Arrival&) { return 204; };
  CHECK(post.house.run(post.deliveries->redrive({.id = 999, .destination = {}})).error().code ==
        "DEAD_LETTER_UNKNOWN");
  CHECK(post.house.run(post.deliveries->redrive({.id = {}, .destination = DestinationName{"erp"}})).value() ==
        1);
  post.wait_for_end();
  CHECK(receiver.events().back() == 1);
  CHECK(receiver.arrivals.back().id == receiver.arrivals.front().id);
  CHECK(receiver.arrivals.back().attempt == "1");
  CHECK(post.view("erp").dead == 0);
}

TEST_CASE("a restart goes on where it was, and delivers nothing twice that was settled") {
  Post post;
  Receiver& receiver = post.receive("erp", {}, 3);
  post.start();
  for (std::uint64_t event = 1; event <= 40; ++event)
    post.accept({{.event = event, .object = event % 7, .occurred = static_cast<std::int64_t>(event)}});
  post.wait_for(receiver, 11);
  post.restart();
  post.wait_for_end();
  Numbers events = receiver.events();
  CHECK(events.size() == 40);
  std::map<std::uint64_t, std::uint64_t> last;
  for (std::uint64_t event : events) {
    CHECK(last[event % 7] < event);
    last[event % 7] = event;
  }
}

TEST_CASE("a destination that fails is left alone, and no delivery loses an attempt by that") {
  Post post;
  Receiver& receiver = post.receive("erp", {}, 1);
  receiver.answer = [](const Arrival&) { return 503; };
  post.start();
  std::vector<Sample> samples;
  for (std::uint64_t event = 1; event <= 20; ++event) samples.push_back({.event = event, .object = event});
  post.accept(samples);
  post.wait_until([&] { return post.view("erp").facts.state == Deliverer::Facts::State::Resting; });
  CHECK(receiver.arrivals.size() == 5);
  CHECK(post.view("erp").facts.cause == "answered 503");
  receiver.answer = [](const Arrival&) { return 204; };
  post.pass(11s);
  post.wait_for_end();
  CHECK(receiver.arrivals.size() == 25);
  for (std::size_t i = 5; i < receiver.arrivals.size(); ++i)
    CHECK(receiver.arrivals[i].attempt == (receiver.arrivals[i].event <= 5 ? "2" : "1"));
}

TEST_CASE("a Retry-After is kept to, and a bearer goes along") {
  Post post;
  Receiver& receiver = post.receive("erp");
  std::const_pointer_cast<Destination>(post.destinations[0])->bearer = Secret("tok-en");
  receiver.answer = [&](const Arrival&) { return receiver.arrivals.size() == 1 ? 429 : 204; };
  receiver.retry_after = "60";
  post.start();
  post.accept({{.event = 1}});
  post.wait_for(receiver, 1);
  post.pass(59s);
  CHECK(post.view("erp").facts.in_flight == 0);
  CHECK(receiver.arrivals.size() == 1);
  post.pass(1s);
  post.wait_for_end();
  CHECK(receiver.arrivals.size() == 2);
  CHECK(receiver.arrivals[0].bearer == "Bearer tok-en");
}

TEST_CASE("a long backlog costs little memory, and lanes that are empty are forgotten") {
  Post post;
  Receiver& receiver = post.receive("erp");
  receiver.answer = [](const Arrival&) { return 0; };
  post.start();
  for (int request = 0; request < 30; ++request) {
    std::vector<Sample> samples;
    for (std::uint64_t i = 0; i < 100; ++i) {
      std::uint64_t event = static_cast<std::uint64_t>(request) * 100 + i + 1;
      samples.push_back({.event = event, .object = event});
    }
    post.accept(samples);
  }
  post.wait_for(receiver, 10);
  CHECK(post.view("erp").waiting == 3000);
  CHECK(post.view("erp").facts.lanes <= 1024 + 256 + 10);
}

TEST_CASE("a look sorts nothing and uses no index, whatever waits and for whom") {
  House house;
  store::Statement look = tables::select_waiting(1, 0, 10);
  look.sql = "EXPLAIN QUERY PLAN " + std::string(look.sql.text());
  for (const store::Row& row : house.file->read(look).value()) {
    CHECK_FALSE_MESSAGE(store::text_at(row, 3).contains("TEMP B-TREE"), store::text_at(row, 3));
    CHECK_FALSE_MESSAGE(store::text_at(row, 3).contains("INDEX"), store::text_at(row, 3));
  }
}

TEST_CASE("a disk that fails after a delivery delays what follows, and loses nothing") {
  store::FakeDisk disk;
  Post post(disk.name());
  Receiver& receiver = post.receive("erp");
  bool broken = false;
  receiver.answer = [&](const Arrival&) {
    if (!std::exchange(broken, true)) disk.fail_after(0, store::FakeDisk::Trouble::Full);
    return 204;
  };
  post.start();
  post.accept({{.event = 1}, {.event = 2, .occurred = 1'799'999'990'001}});
  post.wait_until([&] { return post.house.logged.contains("delivery.store"); });
  CHECK(receiver.arrivals.size() == 1);
  disk.heal();
  post.wait_for_end();
  CHECK(receiver.events() == Numbers{1, 2});
}
