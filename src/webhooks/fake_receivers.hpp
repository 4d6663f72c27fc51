// SPDX-License-Identifier: Apache-2.0
// Destinations whose receivers are real HTTP on the same loop, and time by a ManualClock: what waits for a
// time is woken, never slept for. For tests only.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "http/listener.hpp"
#include "journal/journal.hpp"
#include "webhooks/deliveries.hpp"
#include "webhooks/fake_house.hpp"
#include "webhooks/standard_webhooks.hpp"

namespace hubward::webhooks {

using namespace std::chrono_literals;

constexpr std::string_view delivery_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

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
    destination->keys.push_back(signing_key(Secret(delivery_secret)).value());
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

}  // namespace hubward::webhooks
