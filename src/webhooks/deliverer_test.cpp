// SPDX-License-Identifier: Apache-2.0
// Real HTTP to a receiver on the same loop, time by a ManualClock: what waits for a time is woken, never
// slept for.
#include "webhooks/deliverer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "http/listener.hpp"
#include "webhooks/deliveries.hpp"
#include "webhooks/delivery_plan.hpp"
#include "webhooks/delivery_tables.hpp"
#include "webhooks/fake_house.hpp"
#include "webhooks/standard_webhooks.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Arrival {
  std::uint64_t event = 0;
  std::string id, attempt, signature, timestamp, body, bearer;
};

// Where deliveries go: answers as it is told, and remembers.
class Receiver {
 public:
  using Answer = std::function<int(const Arrival&)>;  // a status; 0: none ever
  explicit Receiver(
      Loop& loop, Answer answer = [](const Arrival&) { return 204; })
      : answer(std::move(answer)), loop_(loop), never_(loop) {
    auto opened = http::Listener::open(loop, {}, std::nullopt, {},
                                       [this](http::Request request) { return take(std::move(request)); });
    REQUIRE(opened);
    listener_ = std::move(*opened);
  }
  std::uint16_t port() const { return listener_->port(); }
  std::vector<std::uint64_t> events() const {
    std::vector<std::uint64_t> numbers;
    for (const Arrival& arrival : arrivals) numbers.push_back(arrival.event);
    return numbers;
  }
  void let_go() { never_.notify(); }

  Answer answer;
  std::string retry_after;
  std::vector<Arrival> arrivals;

 private:
  Async<http::Response> take(http::Request request) {
    Arrival arrival;
    auto field = [&](std::string_view name) { return std::string(request.fields.find(name).value_or("")); };
    arrival.id = field("webhook-id");
    arrival.attempt = field("hubward-attempt");
    arrival.signature = field("webhook-signature");
    arrival.timestamp = field("webhook-timestamp");
    arrival.bearer = field("Authorization");
    auto body = co_await http::read_all(std::move(request.body), 1 << 20);
    arrival.body = body.value();
    arrival.event =
        static_cast<std::uint64_t>(Json::parse(arrival.body).value()["eventId"].integer().value_or(0));
    arrivals.push_back(arrival);
    http::Response response;
    response.status = answer(arrival);
    if (response.status == 0) co_await never_.wait();
    if (!retry_after.empty()) response.fields.add("Retry-After", retry_after);
    co_return response;
  }

  Loop& loop_;
  Signal never_;
  std::unique_ptr<http::Listener> listener_;
};

struct Post {
  explicit Post(std::string file_system = {}) : house(std::move(file_system)) {}
  ~Post() {
    for (auto& receiver : receivers) receiver->let_go();
    if (deliveries) house.run(deliveries->drain(after(5s)));
    deliveries.reset();
  }

  // A receiver, and a destination that leads to it.
  Receiver& receive(std::string name, Filter filter = {}, unsigned concurrency = 10) {
    receivers.push_back(std::make_unique<Receiver>(house.loop));
    auto destination = std::make_shared<Destination>();
    destination->name = {std::move(name)};
    destination->origin = {http::Origin::Scheme::Http, "127.0.0.1", receivers.back()->port()};
    destination->target = "/in?x=1";
    destination->keys.push_back(signing_key(Secret(secret)).value());
    destination->filter = std::move(filter);
    destination->concurrency = concurrency;
    destinations.push_back(std::move(destination));
    return *receivers.back();
  }
  void start() {
    deliveries = std::make_unique<Deliveries>(Deliverer::Parts{
        house.loop, house.clock, *house.inbox, house.random, house.metrics, house.log, *journal});
    house.inbox->on_accepted([this] { deliveries->wake(); });
    REQUIRE(house.run(deliveries->set(destinations)));
    REQUIRE(house.run(deliveries->begin()));
  }
  void restart() {
    for (auto& receiver : receivers) receiver->let_go();
    REQUIRE(house.run(deliveries->drain(after(5s))));
    deliveries.reset();
    house.reopen();
    start();
  }
  void accept(std::vector<Sample> samples) { REQUIRE(house.accept(batch(samples))); }
  // Once nothing is under way any more.
  void pass(std::chrono::milliseconds time) {
    wait_until([this] {
      auto views = house.run(deliveries->list()).value();
      return std::ranges::all_of(views, [](const auto& view) { return view.facts.in_flight == 0; });
    });
    house.clock.advance(time);
    deliveries->wake();
  }
  void wait_until(const std::function<bool()>& condition) {
    Deadline patience = after(20s);
    while (!condition()) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < patience, "it did not happen");
      house.run(turn());
    }
  }
  static Async<bool> turn() {
    co_await yield();
    co_return true;
  }
  void wait_for(Receiver& receiver, std::size_t arrivals) {
    wait_until([&] { return receiver.arrivals.size() >= arrivals; });
  }
  void wait_for_end() {
    wait_until([&] { return house.run(house.inbox->count()).value().waiting == 0; });
  }
  Deliveries::View view(std::string_view name) {
    for (Deliveries::View& one : house.run(deliveries->list()).value())
      if (one.name.text == name) return one;
    FAIL("there is no such destination");
    return {};
  }

  House house;
  std::unique_ptr<store::Database> journal_file =
      store::Database::open({.path = house.folder.file("journal.db"), .schemas = {journal::schema()}})
          .value();
  std::unique_ptr<journal::Journal> journal = journal::Journal::open(*journal_file, house.clock).value();
  std::vector<std::unique_ptr<Receiver>> receivers;
  Deliveries::Wanted destinations;
  std::unique_ptr<Deliveries> deliveries;
};

using Numbers = std::vector<std::uint64_t>;

}  // namespace

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
  keys.push_back(signing_key(Secret(secret)).value());
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
