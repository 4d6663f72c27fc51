// SPDX-License-Identifier: Apache-2.0
#include "webhooks/deliveries.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "async/await.hpp"

namespace hubward::webhooks {
namespace {

constexpr std::string_view by_operator = "an operator disabled it";

std::vector<store::Statement> discard_step(const tables::DeadChoice& choice) {
  return {tables::discard(choice)};
}

bool is_of(const std::unique_ptr<Deliverer>& deliverer, const DestinationName& name) {
  return deliverer->destination().name == name;
}

}  // namespace

Async<Result<std::vector<Deliveries::Known>>> Deliveries::known() const {
  Result<std::vector<store::Row>> rows = co_await parts_.inbox.file().query(tables::select_destinations());
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::vector<Known> all;
  for (const store::Row& row : *rows) {
    Known& one = all.emplace_back();
    one.number = store::integer_at(row, 0);
    one.name = {store::text_at(row, 1)};
    if (!store::null_at(row, 2)) one.disabled_for = store::text_at(row, 3);
  }
  co_return all;
}

Async<Result<Deliveries::Known>> Deliveries::find(DestinationName name) const {
  Result<std::vector<Known>> all = co_await known();
  if (!all) co_return std::unexpected(std::move(all.error()));
  auto found = std::ranges::find(*all, name, &Known::name);
  if (found == all->end())
    co_return invalid("DESTINATION_UNKNOWN", "there is no destination named " + name.text +
                                                 "; `hubward webhook destinations` lists those there are");
  co_return *found;
}

const Deliverer* Deliveries::running(const DestinationName& name) const {
  auto found = std::ranges::find_if(
      deliverers_, [&](const auto& deliverer) { return deliverer->destination().name == name; });
  return found == deliverers_.end() ? nullptr : found->get();
}

std::unique_ptr<Deliverer> Deliveries::take(const DestinationName& name) {
  auto found = std::ranges::find_if(
      deliverers_, [&](const auto& deliverer) { return deliverer->destination().name == name; });
  if (found == deliverers_.end()) return nullptr;
  std::unique_ptr<Deliverer> taken = std::move(*found);
  deliverers_.erase(found);
  return taken;
}

// Each attempt is bounded by its own time-out.
Async<void> Deliveries::let_go(const Deliverer* leaving) {
  auto is_it = [leaving](const auto& one) { return one.get() == leaving; };
  // Another may take it over, now or meanwhile.
  if (auto found = std::ranges::find_if(leaving_, is_it); found != leaving_.end())
    static_cast<void>(co_await (*found)->drain(Deadline::max()));
  std::erase_if(leaving_, is_it);
  left_.notify();
}

Result<void> Deliveries::start(const std::shared_ptr<const Destination>& destination, const Known& known) {
  if (stopping_) return {};
  auto its = [&](const auto& deliverer) { return is_of(deliverer, destination->name); };
  auto found = std::ranges::find_if(deliverers_, its);
  auto left = std::ranges::find_if(leaving_, its);
  std::unique_ptr<Deliverer> none;
  std::unique_ptr<Deliverer>& before = found != deliverers_.end() ? *found
                                       : left != leaving_.end()   ? *left
                                                                  : none;
  auto started = Deliverer::start(parts_, destination, known.number, known.disabled_for, before);
  if (!started) return std::unexpected(started.error());
  if (found != deliverers_.end()) {
    *found = std::move(*started);
    return {};
  }
  std::erase(leaving_, nullptr);  // taken over
  deliverers_.push_back(std::move(*started));
  return {};
}

Async<Result<void>> Deliveries::start_all() {
  Result<std::vector<Known>> all = co_await known();
  if (!all) co_return std::unexpected(std::move(all.error()));
  Result<void> outcome;
  for (const auto& destination : wanted_) {
    auto its = std::ranges::find(*all, destination->name, &Known::name);
    if (its == all->end()) continue;
    Result<void> started = start(destination, *its);
    if (!started && outcome) outcome = std::move(started);
  }
  co_return outcome;
}

Async<Result<void>> Deliveries::begin() {
  begun_ = true;
  co_return co_await start_all();
}

Async<Result<void>> Deliveries::set(Wanted wanted) {
  auto routes = std::make_shared<Routes>();
  for (const auto& destination : wanted) {
    Result<std::int64_t> number = co_await parts_.inbox.number_of(destination->name);
    if (!number) co_return std::unexpected(std::move(number.error()));
    routes->push_back({*number, destination->filter});
  }
  if (stopping_) co_return Result<void>();
  for (const auto& old : std::exchange(wanted_, std::move(wanted))) {
    bool stays = std::ranges::any_of(wanted_, [&](const auto& one) { return one->name == old->name; });
    if (stays) continue;
    std::unique_ptr<Deliverer> gone = take(old->name);
    if (!gone) continue;
    leaving_.push_back(std::move(gone));
    parts_.loop.spawn(let_go(leaving_.back().get()));
  }
  parts_.inbox.set(std::move(routes));
  if (!begun_) co_return Result<void>();
  co_return co_await start_all();
}

void Deliveries::wake() {
  for (const auto& deliverer : deliverers_) deliverer->wake();
}

Async<bool> Deliveries::drain(Deadline deadline) {
  // From here on nothing changes the list of those that run.
  stopping_ = true;
  for (const auto& deliverer : deliverers_) deliverer->stop();
  bool all = true;
  for (const auto& deliverer : deliverers_) {
    bool ended = co_await deliverer->drain(deadline);
    all = all && ended;
  }
  while (!leaving_.empty()) {
    bool told = co_await left_.wait(deadline);
    if (!told && !leaving_.empty()) co_return false;
  }
  co_return all;
}

Async<Result<std::vector<Deliveries::View>>> Deliveries::list() const {
  Result<std::vector<Known>> all = co_await known();
  if (!all) co_return std::unexpected(std::move(all.error()));
  Result<std::vector<store::Row>> rows = co_await parts_.inbox.file().query(tables::count_deliveries());
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> counts;
  for (const store::Row& row : *rows)
    counts[{store::integer_at(row, 0), store::integer_at(row, 1)}] =
        static_cast<std::uint64_t>(store::integer_at(row, 2));

  std::vector<View> views;
  for (const Known& one : *all) {
    View view;
    view.name = one.name;
    view.waiting = counts[{one.number, static_cast<std::int64_t>(tables::DeliveryState::Waiting)}];
    view.dead = counts[{one.number, static_cast<std::int64_t>(tables::DeliveryState::Dead)}];
    if (const Deliverer* deliverer = running(one.name)) view.facts = deliverer->facts();
    auto configured = std::ranges::find(wanted_, one.name, [](const auto& each) { return each->name; });
    if (configured != wanted_.end()) view.configured = *configured;
    // One that is gone and has nothing left is nobody's concern.
    if (view.configured || view.waiting + view.dead > 0) views.push_back(std::move(view));
  }
  co_return views;
}

Async<Result<void>> Deliveries::measure(telemetry::Metrics& metrics) const {
  struct Measured {
    std::string name;
    std::int64_t number = 0;
    Deliverer::Facts::State state = Deliverer::Facts::State::Delivering;
  };
  std::vector<Measured> all;  // a reload may come while the store is asked
  for (const auto& one : deliverers_)
    all.push_back({one->destination().name.text, one->number(), one->facts().state});
  for (const Measured& one : all) {
    auto rows = co_await parts_.inbox.file().query(tables::count_deliveries_of(one.number, most_measured));
    if (!rows) co_return std::unexpected(std::move(rows.error()));
    auto set = [&](const char* name, const char* help, std::int64_t value) {
      metrics.gauge(name, help, {{"destination", one.name}}).set(static_cast<double>(value));
    };
    set("hubward_deliveries_waiting", "Deliveries that wait, counted to 100000 and no further",
        store::integer_at(rows->front(), 0));
    set("hubward_dead_letters", "Dead letters, counted to 100000 and no further",
        store::integer_at(rows->front(), 1));
    set("hubward_destination_state", "Of a destination: 0 delivering, 1 resting, 2 disabled",
        static_cast<std::int64_t>(one.state));
  }
  co_return Result<void>();
}

Async<Result<std::vector<Deliveries::DeadLetterView>>> Deliveries::dead(
    std::optional<DestinationName> destination, std::optional<std::int64_t> before,
    std::int64_t limit) const {
  Result<std::vector<Known>> all = co_await known();
  if (!all) co_return std::unexpected(std::move(all.error()));
  std::optional<std::int64_t> number;
  if (destination) {
    Result<Known> found = co_await find(*destination);
    if (!found) co_return std::unexpected(std::move(found.error()));
    number = found->number;
  }
  Result<std::vector<store::Row>> rows =
      co_await parts_.inbox.file().query(tables::select_dead(number, before, limit));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::vector<DeadLetterView> letters;
  for (const store::Row& row : *rows) {
    DeadLetterView& view = letters.emplace_back();
    view.letter = tables::dead_from(row);
    auto its = std::ranges::find(*all, view.letter.destination, &Known::number);
    if (its != all->end()) view.destination = its->name;
  }
  co_return letters;
}

Async<Result<tables::DeadChoice>> Deliveries::read(Choice choice) const {
  tables::DeadChoice read;
  read.id = choice.id;
  if (choice.destination) {
    Result<Known> found = co_await find(*choice.destination);
    if (!found) co_return std::unexpected(std::move(found.error()));
    read.destination = found->number;
  }
  co_return read;
}

Async<Result<std::uint64_t>> Deliveries::for_all(tables::DeadChoice chosen, Step step,
                                                 std::function<bool()> goes_on) {
  // What dies or comes from now on is not meant.
  auto newest = co_await parts_.inbox.file().query(tables::select_newest_delivery());
  if (!newest) co_return std::unexpected(std::move(newest.error()));
  chosen.newest = store::integer_at(newest->front(), 0);
  Result<std::uint64_t> done = co_await step_through(chosen, step, std::move(goes_on));
  wake();  // also for the part that came before an error
  co_return done;
}

Async<Result<std::uint64_t>> Deliveries::step_through(tables::DeadChoice chosen, Step step,
                                                      std::function<bool()> goes_on) {
  std::uint64_t done = 0;
  while (goes_on()) {
    Result<std::vector<store::Row>> left = co_await parts_.inbox.file().query(tables::count_dead(chosen));
    if (!left) co_return std::unexpected(std::move(left.error()));
    std::int64_t count = store::integer_at(left->front(), 0);
    if (count == 0) break;
    std::vector<store::Statement> statements = step(chosen);
    Result<void> committed = co_await parts_.inbox.file().commit(std::move(statements));
    if (!committed) co_return std::unexpected(std::move(committed.error()));
    done += static_cast<std::uint64_t>(count);
  }
  if (done == 0 && chosen.id)
    co_return invalid("DEAD_LETTER_UNKNOWN", "there is no dead letter " + std::to_string(*chosen.id) +
                                                 "; `hubward webhook dead` lists those there are");
  co_return done;
}

bool Deliveries::is_configured(const DestinationName& name) const {
  return std::ranges::any_of(wanted_, [&](const auto& each) { return each->name == name; });
}

Async<Result<std::uint64_t>> Deliveries::redrive(Choice choice) {
  Result<tables::DeadChoice> chosen = co_await read(std::move(choice));
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));
  co_return co_await for_all(*chosen, tables::redrive);
}

Async<Result<std::uint64_t>> Deliveries::discard(Choice choice) {
  const std::optional<DestinationName> destination = choice.destination;
  Result<tables::DeadChoice> chosen = co_await read(std::move(choice));
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));
  chosen->waiting_too = destination && !is_configured(*destination);
  // A reload may bring it back: then what waits is wanted again.
  auto goes_on = [this, destination, waiting_too = chosen->waiting_too] {
    return !waiting_too || !is_configured(*destination);
  };
  co_return co_await for_all(*chosen, discard_step, std::move(goes_on));
}

Async<Result<std::uint64_t>> Deliveries::replay(DestinationName destination, tables::EventQuestion events) {
  Result<Known> found = co_await find(destination);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!is_configured(destination))
    co_return invalid("DESTINATION_UNKNOWN", "the configuration has no [destinations." + destination.text +
                                                 "], so that nothing would ever be delivered there");
  std::vector<store::Statement> begin = {tables::begin_replay()};
  Result<void> begun = co_await parts_.inbox.file().commit(std::move(begin));
  if (!begun) co_return std::unexpected(std::move(begun.error()));
  Result<std::vector<store::Row>> number = co_await parts_.inbox.file().query(tables::select_replay());
  if (!number) co_return std::unexpected(std::move(number.error()));
  const std::int64_t round = store::integer_at(number->front(), 0);

  // What comes meanwhile is delivered anyway.
  Result<std::vector<EventFacts>> newest = co_await parts_.inbox.list({.limit = 1});
  if (!newest) co_return std::unexpected(std::move(newest.error()));
  if (newest->empty()) co_return 0;
  events.before = EventId{newest->front().id.number + 1};
  tables::ReplayChoice choice{.destination = found->number, .events = std::move(events)};
  std::uint64_t done = 0;
  while (true) {
    Result<std::vector<store::Row>> step =
        co_await parts_.inbox.file().query(tables::select_replay_step(choice));
    if (!step) co_return std::unexpected(std::move(step.error()));
    std::int64_t count = store::integer_at(step->front(), 1);
    if (count == 0) break;
    std::vector<store::Statement> insert = {tables::insert_replay_step(choice, round)};
    insert.front().must_change = count;
    Result<void> inserted = co_await parts_.inbox.file().commit(std::move(insert));
    if (!inserted) co_return std::unexpected(std::move(inserted.error()));
    choice.after = store::integer_at(step->front(), 0);
    done += static_cast<std::uint64_t>(count);
    wake();
  }
  co_return done;
}

Async<Result<void>> Deliveries::restart(DestinationName name) {
  Result<Known> found = co_await find(name);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto configured = std::ranges::find(wanted_, name, [](const auto& each) { return each->name; });
  if (!begun_ || configured == wanted_.end()) co_return Result<void>();
  co_return start(*configured, *found);
}

Async<Result<void>> Deliveries::enable(DestinationName destination) {
  Result<Known> found = co_await find(destination);
  if (!found) co_return std::unexpected(std::move(found.error()));
  std::vector<store::Statement> change = {tables::enable(found->number)};
  Result<void> changed = co_await parts_.inbox.file().commit(std::move(change));
  if (!changed) co_return changed;
  co_return co_await restart(std::move(destination));
}

Async<Result<void>> Deliveries::disable(DestinationName destination, std::string cause) {
  Result<Known> found = co_await find(destination);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (cause.empty()) cause = by_operator;
  std::vector<store::Statement> change = {tables::disable(found->number, parts_.clock.now(), cause)};
  Result<void> changed = co_await parts_.inbox.file().commit(std::move(change));
  if (!changed) co_return changed;
  co_return co_await restart(std::move(destination));
}

}  // namespace hubward::webhooks
