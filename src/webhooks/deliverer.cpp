// SPDX-License-Identifier: Apache-2.0
#include "webhooks/deliverer.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "async/await.hpp"
#include "core/encoding.hpp"
#include "crypto/binding.hpp"
#include "webhooks/circuit_breaker.hpp"
#include "webhooks/delivery_plan.hpp"
#include "webhooks/delivery_tables.hpp"
#include "webhooks/standard_webhooks.hpp"

namespace hubward::webhooks {
namespace {

constexpr std::int64_t rows_of_a_look = 1024;      // of all destinations
constexpr std::size_t enough_ready = 256;          // lanes; with more there is no need to look for others
constexpr std::chrono::seconds store_pause{1};     // before a store that fails is asked again
constexpr std::size_t longest_answer = 64 * 1024;  // read so that the connection can be used again
constexpr std::size_t id_bytes = 18;

std::string trouble_of(const Error& error) {
  if (error.code != "UPSTREAM_ADDRESS") return error.message;
  return error.message + "; if it is meant, name its network in allow_networks";
}

double chance_from(crypto::Random& random) {
  std::array<std::byte, 2> drawn{};
  random.fill(drawn);
  return (std::to_integer<int>(drawn[0]) * 256 + std::to_integer<int>(drawn[1])) / 65535.0;
}

}  // namespace

std::string delivery_id(const EventFacts& event, const DestinationName& destination, std::int64_t round) {
  crypto::Digest digest = crypto::sha256(crypto::binding(
      {"hubward delivery 1", text_of(event.identity), destination.text, std::to_string(round)}));
  return "msg_" + to_base64url(std::span(digest).first(id_bytes));
}

// What the coroutines share; they hold it, so that it outlives a Deliverer that goes while one waits.
struct Deliverer::State {
  State(Parts with, std::shared_ptr<const Destination> to, std::int64_t number, http::Client& by)
      : parts(with),
        destination(std::move(to)),
        number(number),
        client(by),
        changed(with.loop),
        delivered(counter("delivered")),
        failed(counter("failed")),
        dead(counter("dead")),
        latency(parts.metrics.histogram("hubward_delivery_seconds", "Of attempts that delivered",
                                        {{"destination", destination->name.text}})) {}

  telemetry::Counter counter(const char* outcome) const {
    return parts.metrics.counter("hubward_delivery_attempts_total", "Attempts to deliver, by outcome",
                                 {{"destination", destination->name.text}, {"outcome", outcome}});
  }

  struct Lane {
    bool seen_more = false;  // rows of it appeared while it was under way
  };

  // --- The lanes ---
  void admit(std::int64_t lane);
  void park(std::int64_t lane, TimePoint until) { parked.emplace(until, lane); }
  void unpark(TimePoint now);
  void forget(std::int64_t lane);
  bool wants_to_look() const { return more && ready.size() < enough_ready && lanes.size() < most_lanes; }
  Deadline next_wake() const;
  void begin_attempts(const std::shared_ptr<State>& self);

  // --- Coroutines ---
  static Async<void> run(std::shared_ptr<State> self);
  static Async<void> look(std::shared_ptr<State> self);
  static Async<void> attempt(std::shared_ptr<State> self, std::int64_t lane,
                             CircuitBreaker::Attempt admitted);
  static Async<void> deliver(std::shared_ptr<State> self, std::int64_t lane, tables::Head head,
                             CircuitBreaker::Attempt admitted);
  static Async<AttemptOutcome> send(std::shared_ptr<State> self, const tables::Head& head,
                                    std::string payload, std::uint32_t attempt);
  // False when it had to be given up because we stop.
  static Async<bool> settle(std::shared_ptr<State> self, std::vector<store::Statement> outcome);

  http::Outgoing outgoing(const tables::Head& head, std::string payload, std::uint32_t attempt) const;
  std::vector<store::Statement> statements_for(const tables::Head& head, const DeliveryDecision& decision,
                                               std::uint32_t attempts, TimePoint first);
  void judge(const AttemptOutcome& outcome, CircuitBreaker::Attempt admitted);
  void note(const tables::Head& head, const DeliveryDecision& decision);
  void record(std::string what, const tables::Head& head, const std::string& cause) const;
  void disable(const std::string& cause);

  const Parts parts;
  const std::shared_ptr<const Destination> destination;
  const std::int64_t number;
  http::Client& client;

  std::unordered_map<std::int64_t, Lane>
      lanes;  // every one that has something to deliver, as far as is known
  std::deque<std::int64_t> ready;
  std::multimap<TimePoint, std::int64_t> parked;
  std::int64_t cursor = 0;  // every row up to it was seen
  bool more = true;         // there may be rows behind it
  std::unique_ptr<Deliverer> before;
  CircuitBreaker breaker;
  Facts facts;
  bool stopping = false;
  Signal changed;
  telemetry::Counter delivered, failed, dead;
  telemetry::Histogram latency;
};

void Deliverer::State::admit(std::int64_t lane) {
  auto [place, is_new] = lanes.try_emplace(lane);
  if (is_new) {
    ready.push_back(lane);
  } else {
    place->second.seen_more = true;
  }
}

void Deliverer::State::unpark(TimePoint now) {
  while (!parked.empty() && parked.begin()->first <= now) {
    ready.push_back(parked.begin()->second);
    parked.erase(parked.begin());
  }
}

// Once the table had nothing more of it; unless something came while the table was being asked.
void Deliverer::State::forget(std::int64_t lane) {
  auto place = lanes.find(lane);
  if (std::exchange(place->second.seen_more, false)) {
    ready.push_back(lane);
  } else {
    lanes.erase(place);
  }
}

Deadline Deliverer::State::next_wake() const {
  Deadline wake = Deadline::max();
  if (!parked.empty()) wake = after(parked.begin()->first - parts.clock.now());
  SteadyPoint now = parts.clock.steady();
  bool could_begin = !ready.empty() && facts.in_flight < destination->concurrency;
  if (auto opens = breaker.opens_at(); opens && could_begin) wake = std::min(wake, after(*opens - now));
  return wake;
}

Async<void> Deliverer::State::run(std::shared_ptr<State> self) {
  if (self->before) {
    bool ended = co_await self->before->drain(Deadline::max());
    if (ended) self->before.reset();
  }
  while (!self->stopping) {
    self->unpark(self->parts.clock.now());
    if (self->facts.state != Facts::State::Disabled) {
      if (self->wants_to_look()) co_await look(self);
      self->begin_attempts(self);
    }
    if (self->stopping) break;
    if (self->facts.state != Facts::State::Disabled && self->wants_to_look()) continue;
    co_await self->changed.wait(self->next_wake());
  }
}

// The loop goes on by itself after the last of them: what they change wakes run().
void Deliverer::State::begin_attempts(const std::shared_ptr<State>& self) {
  while (!stopping && facts.in_flight < destination->concurrency && !ready.empty()) {
    std::optional<CircuitBreaker::Attempt> admitted = breaker.admit(parts.clock.steady());
    if (!admitted) return;
    std::int64_t lane = ready.front();
    ready.pop_front();
    ++facts.in_flight;
    parts.loop.spawn(attempt(self, lane, *admitted));
  }
}

Async<void> Deliverer::State::look(std::shared_ptr<State> self) {
  self->more = false;
  Result<std::vector<store::Row>> rows = co_await self->parts.inbox.file().query(
      tables::select_waiting(self->number, self->cursor, rows_of_a_look));
  if (self->stopping) co_return;
  if (!rows) {
    self->parts.log.failed(telemetry::Level::Error, "delivery.store", rows.error());
    self->more = true;
    co_await sleep_until(after(store_pause));
    co_return;
  }
  const store::Row scanned = std::move(rows->back());
  rows->pop_back();
  for (const store::Row& row : *rows) self->admit(store::integer_at(row, 1));
  if (!store::null_at(scanned, 0)) self->cursor = store::integer_at(scanned, 0);
  if (store::integer_at(scanned, 1) == rows_of_a_look) self->more = true;
}

Async<void> Deliverer::State::attempt(std::shared_ptr<State> self, std::int64_t lane,
                                      CircuitBreaker::Attempt admitted) {
  Result<std::vector<store::Row>> rows =
      co_await self->parts.inbox.file().query(tables::select_head(self->number, lane));
  if (self->stopping) {
    self->breaker.undecided(admitted);
  } else if (!rows) {
    self->parts.log.failed(telemetry::Level::Error, "delivery.store", rows.error());
    self->breaker.undecided(admitted);
    self->park(lane, self->parts.clock.now() + store_pause);
  } else if (rows->empty()) {
    self->breaker.undecided(admitted);
    self->forget(lane);
  } else {
    tables::Head head = tables::head_from(rows->front());
    if (head.next > self->parts.clock.now()) {
      self->breaker.undecided(admitted);
      self->park(lane, head.next);
    } else {
      co_await deliver(self, lane, std::move(head), admitted);
    }
  }
  --self->facts.in_flight;
  self->changed.notify();
}

Async<void> Deliverer::State::deliver(std::shared_ptr<State> self, std::int64_t lane, tables::Head head,
                                      CircuitBreaker::Attempt admitted) {
  const std::uint32_t attempts = head.attempts + 1;
  const TimePoint begun = self->parts.clock.now();
  const TimePoint first = head.first.value_or(begun);
  DeliveryDecision decision;
  Result<std::string> payload = self->parts.inbox.open_payload(head.event, head.sealed);
  if (payload) {
    SteadyPoint sent = self->parts.clock.steady();
    AttemptOutcome outcome = co_await send(self, head, std::move(*payload), attempts);
    self->judge(outcome, admitted);
    decision = decide(outcome, {attempts, first}, chance_from(self->parts.random), self->parts.clock.now());
    if (decision.what == DeliveryDecision::What::Delivered)
      self->latency.observe(self->parts.clock.steady() - sent);
  } else {
    self->breaker.undecided(admitted);  // the fault is ours
    decision = {DeliveryDecision::What::Dead, {}, payload.error().message};
  }
  // One that is being replaced decides nothing for the one after it, which may have just been enabled.
  if (decision.what == DeliveryDecision::What::Gone && self->stopping)
    decision = {DeliveryDecision::What::Again, self->parts.clock.now(), decision.cause};
  self->note(head, decision);
  auto statements = self->statements_for(head, decision, attempts, first);
  bool settled = co_await settle(self, std::move(statements));
  if (!settled) co_return;
  if (decision.what == DeliveryDecision::What::Again) {
    self->park(lane, decision.at);
  } else {
    self->ready.push_back(lane);
  }
}

http::Outgoing Deliverer::State::outgoing(const tables::Head& head, std::string payload,
                                          std::uint32_t attempt) const {
  std::string id = delivery_id(head.event, destination->name, head.round);
  std::string timestamp = std::to_string(to_millis(parts.clock.now()) / 1000);
  http::Outgoing out;
  out.origin = destination->origin;
  out.pool = destination->name.text;
  out.method = "POST";
  out.target = destination->target;
  out.fields.add("Content-Type", "application/json");
  out.fields.add("User-Agent", "hubward");
  out.fields.add("webhook-signature", signature_header(destination->keys, id, timestamp, payload));
  out.fields.add("webhook-id", id);
  out.fields.add("webhook-timestamp", timestamp);
  out.fields.add("hubward-attempt", std::to_string(attempt));
  out.fields.add("hubward-app", head.event.app.text);
  if (destination->bearer) out.bearer = destination->bearer->clone();
  out.body = http::text_body(std::move(payload));
  return out;
}

Async<AttemptOutcome> Deliverer::State::send(std::shared_ptr<State> self, const tables::Head& head,
                                             std::string payload, std::uint32_t attempt) {
  http::Outgoing out = self->outgoing(head, std::move(payload), attempt);
  Deadline deadline = after(self->destination->timeout);
  out.answer_end = deadline;
  Result<http::Response> answer = co_await self->client.send(out, deadline);
  if (!answer) co_return AttemptOutcome{.trouble = trouble_of(answer.error())};
  AttemptOutcome outcome{.status = answer->status};
  if (auto field = answer->fields.find("Retry-After"))
    outcome.retry_after = read_retry_after(*field, self->parts.clock.now());
  // What it says besides is nobody's concern; a body that is too long or breaks off costs its connection.
  Result<std::string> rest = co_await http::read_all(std::move(answer->body), longest_answer);
  if (!rest) self->parts.log.debug("delivery.answer", {{"destination", self->destination->name}});
  co_return outcome;
}

std::vector<store::Statement> Deliverer::State::statements_for(const tables::Head& head,
                                                               const DeliveryDecision& decision,
                                                               std::uint32_t attempts, TimePoint first) {
  std::vector<store::Statement> statements;
  switch (decision.what) {
    case DeliveryDecision::What::Delivered: statements.push_back(tables::delete_delivery(head.id)); break;
    case DeliveryDecision::What::Again:
      statements.push_back(tables::postpone(head.id, attempts, first, decision.at, decision.cause));
      break;
    case DeliveryDecision::What::Dead:
      statements.push_back(tables::bury(head.id, attempts, first, decision.cause));
      break;
    case DeliveryDecision::What::Gone: {
      TimePoint now = parts.clock.now();
      statements.push_back(tables::postpone(head.id, attempts, first, now, decision.cause));
      statements.push_back(tables::disable(number, now, decision.cause));
      break;
    }
  }
  return statements;
}

Async<bool> Deliverer::State::settle(std::shared_ptr<State> self, std::vector<store::Statement> outcome) {
  while (true) {
    Result<void> committed = co_await self->parts.inbox.file().commit(outcome);
    if (committed) co_return true;
    self->parts.log.failed(telemetry::Level::Error, "delivery.store", committed.error());
    if (self->stopping) co_return false;
    co_await sleep_until(after(store_pause));
  }
}

void Deliverer::State::judge(const AttemptOutcome& outcome, CircuitBreaker::Attempt admitted) {
  if (is_success(outcome.status)) {
    breaker.succeeded(admitted);
  } else if (blames_destination(outcome)) {
    breaker.failed(admitted, parts.clock.steady());
  } else {
    breaker.undecided(admitted);
  }
}

void Deliverer::State::note(const tables::Head& head, const DeliveryDecision& decision) {
  TimePoint now = parts.clock.now();
  if (decision.what == DeliveryDecision::What::Delivered) {
    delivered.add();
    ++facts.delivered;
    facts.delivered_at = now;
    return;
  }
  failed.add();
  ++facts.failed;
  facts.failed_at = now;
  facts.cause = decision.cause;
  if (decision.what == DeliveryDecision::What::Dead) {
    dead.add();
    ++facts.dead;
    record("webhook.dead_letter", head, decision.cause);
  }
  if (decision.what == DeliveryDecision::What::Gone) {
    disable(decision.cause);
    record("webhook.destination_disabled", head, decision.cause);
  }
}

void Deliverer::State::record(std::string what, const tables::Head& head, const std::string& cause) const {
  parts.log.warning(what, {{"destination", destination->name}, {"event", head.event.id}, {"why", cause}});
  journal::Record record;
  record.kind = journal::Kind::Webhook;
  record.time = parts.clock.now();
  record.operation = std::move(what);
  record.details = {{"cause", cause},
                    {"destination", destination->name.text},
                    {"event", std::to_string(head.event.id.number)},
                    {"kind", head.event.kind}};
  Result<void> appended = parts.journal.append(std::move(record));
  if (!appended) parts.log.failed(telemetry::Level::Error, "journal.append", appended.error());
}

void Deliverer::State::disable(const std::string& cause) {
  facts.state = Facts::State::Disabled;
  facts.cause = cause;
}

Result<std::unique_ptr<Deliverer>> Deliverer::start(Parts parts,
                                                    std::shared_ptr<const Destination> destination,
                                                    std::int64_t number, std::string disabled_for,
                                                    std::unique_ptr<Deliverer>& before) {
  auto client = http::Client::make(parts.loop, destination->client);
  if (!client) return while_doing("destination " + destination->name.text, client.error());
  auto state = std::make_shared<State>(parts, std::move(destination), number, **client);
  state->before = std::move(before);
  if (!disabled_for.empty()) state->disable(disabled_for);
  parts.loop.spawn(State::run(state));
  return std::unique_ptr<Deliverer>(new Deliverer(std::move(state), std::move(*client)));
}

Deliverer::Deliverer(std::shared_ptr<State> state, std::unique_ptr<http::Client> client)
    : state_(std::move(state)), client_(std::move(client)) {}

Deliverer::~Deliverer() {
  state_->stopping = true;
  state_->changed.notify();
}

const Destination& Deliverer::destination() const {
  return *state_->destination;
}

std::int64_t Deliverer::number() const {
  return state_->number;
}

void Deliverer::wake() {
  state_->more = true;
  state_->changed.notify();
}

void Deliverer::stop() {
  state_->stopping = true;
  state_->changed.notify();
}

Async<bool> Deliverer::drain(Deadline deadline) {
  std::shared_ptr<State> state = state_;
  stop();
  if (state->before) {
    bool ended = co_await state->before->drain(deadline);
    if (!ended) co_return false;
  }
  while (state->facts.in_flight > 0) {
    bool told = co_await state->changed.wait(deadline);
    if (!told) co_return state->facts.in_flight == 0;
  }
  co_return true;
}

Deliverer::Facts Deliverer::facts() const {
  Facts facts = state_->facts;
  facts.lanes = state_->lanes.size();
  bool rests = state_->breaker.state(state_->parts.clock.steady()) == CircuitBreaker::State::Open;
  if (facts.state == Facts::State::Delivering && rests) facts.state = Facts::State::Resting;
  return facts;
}

}  // namespace hubward::webhooks
