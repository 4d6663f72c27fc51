// SPDX-License-Identifier: Apache-2.0
#include "pacing/pacer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "async/await.hpp"
#include "async/suspend.hpp"
#include "core/invariant.hpp"
#include "pacing/line.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using LimitKind = hubspot::HubSpotError::Kind;

// The lines that a call may have to pass, in this order.
enum class LineKind : std::uint8_t { Search, Forms, Associations, TenSeconds };
constexpr std::size_t line_kinds = 4;
using Lines = std::array<bool, line_kinds>;

constexpr std::size_t index_of(LineKind kind) {
  return static_cast<std::size_t>(kind);
}

Lines lines_of(const hubspot::Operation& operation) {
  Lines passes{};
  passes[index_of(LineKind::Search)] = operation.search_limited;
  passes[index_of(LineKind::Forms)] = operation.host == hubspot::HostFamily::Forms;
  passes[index_of(LineKind::Associations)] = operation.name.starts_with("crm.associations.");
  passes[index_of(LineKind::TenSeconds)] = !operation.exempt_ten_secondly && !operation.search_limited &&
                                           operation.host == hubspot::HostFamily::Api;
  return passes;
}

struct Waiting;

// A line, and the tasks that wait in it.
struct Stand {
  Stand(Loop& loop, hubspot::RollingLimit documented, std::size_t longest,
        Budget::Answers answers = Budget::Answers::SayNothing)
      : line(documented, longest, answers), changed(loop) {}

  // Nobody waits, and HubSpot counts nothing of ours any more.
  bool is_idle(SteadyPoint now) { return line.waiting() == 0 && line.budget().view(now).ours == 0; }

  Line line;
  std::unordered_map<Line::Number, Waiting*> waiting;
  Signal changed;  // for the task that serves it, which is there as long as anybody waits
  bool served = false;
};

// A task that waits in a line; part of its frame. Leaves the line when it is dropped.
struct Waiting {
  Waiting(Stand& in, Line::Number as, const std::function<bool()>& is_there)
      : stand(in), number(as), caller_is_there(is_there) {
    stand.waiting.emplace(number, this);
  }
  ~Waiting() {
    if (stand.waiting.erase(number) > 0) stand.line.leave(number);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  enum class Outcome : std::uint8_t { Go, Late, Gone } outcome = Outcome::Late;
  Stand& stand;
  const Line::Number number;
  const std::function<bool()>& caller_is_there;
  Suspended task;
  Budget::Place place;
};

// What all apps of an account share.
struct Account {
  Account(Loop& loop, const Settings& settings)
      : search(loop, {settings.searches_per_second, hubspot::search_limit.span}, settings.longest_line),
        day(settings.day_reserve_percent) {}
  // What is known of a day that is nearly used up is not learned again at HubSpot's cost.
  bool may_be_forgotten(SteadyPoint now) { return search.is_idle(now) && !day.view(); }

  Stand search;
  Day day;
};

bool has_day(const Ask& ask) {
  return ask.kind == AppKind::Static && !ask.operation->exempt_daily;
}

std::string seconds_text(nanoseconds span) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(span).count());
}

std::string_view name_of(LineKind kind) {
  switch (kind) {
    case LineKind::Search: return "searches of the account";
    case LineKind::Forms: return "submissions of forms";
    case LineKind::Associations: return "calls of the associations API";
    case LineKind::TenSeconds: break;
  }
  return "calls of the app in the account";
}

Error too_many(LineKind kind, std::string code, std::string sentence) {
  if (kind == LineKind::Search && code == "NO_ROOM") code = "NO_SEARCH_ROOM";
  return Error{std::move(code), Fault::Caller, Retry::Later, std::move(sentence)};
}

Refusal no_room(const Ask& ask, Stand& stand, LineKind kind, const Line::Asked& asked, SteadyPoint now) {
  nanoseconds may_wait = std::max<nanoseconds>(ask.deadline - now, 0ns);
  Budget::View view = stand.line.budget().view(now);
  std::string limit =
      fmt::format("app {}, account {}: {} are limited to {} in {}", ask.app.text, ask.account.number,
                  name_of(kind), view.limit.calls, seconds_text(view.limit.span));
  if (asked.verdict == Line::Asked::Verdict::Full) {
    return {too_many(kind, "LINE_FULL",
                     fmt::format("{}, and {} wait already, which is pacing.longest_line", limit,
                                 stand.line.waiting())),
            ceil<milliseconds>(asked.bound)};
  }
  return {
      too_many(kind, "NO_ROOM",
               fmt::format("{}; this one could go in {} and may wait {} ({} wait before or beside it)", limit,
                           seconds_text(asked.bound), seconds_text(may_wait), stand.line.waiting())),
      ceil<milliseconds>(may_wait == 0ns ? asked.bound : asked.bound - may_wait)};
}

Refusal out_of_time(const Ask& ask, LineKind kind, nanoseconds waited) {
  return {
      too_many(kind, "NO_ROOM",
               fmt::format("app {}, account {}: waited {} for room among the {}, which others used meanwhile",
                           ask.app.text, ask.account.number, seconds_text(waited), name_of(kind))),
      1s};
}

Refusal caller_went_away() {
  return {Error{"CALLER_WENT_AWAY", Fault::Caller, Retry::Never,
                "the caller hung up while its call waited for room"},
          0ms};
}

Refusal day_used_up(const Ask& ask, const Day& day, milliseconds wait) {
  Day::View view = day.view().value_or(Day::View());
  return {
      Error{"DAY_USED_UP", Fault::Caller, Retry::Later,
            fmt::format("account {} has {} of its {} calls of the day left, which are kept from {} calls "
                        "(pacing.day_reserve_percent); the day ends at midnight in the account's time zone",
                        ask.account.number, view.left, view.limit, to_text(ask.priority))},
      wait};
}

// The fields of an answer speak of the app's ten seconds and nothing else.
hubspot::LimitFields told_to(LineKind kind, const hubspot::LimitFields& told) {
  return kind == LineKind::TenSeconds ? told : hubspot::LimitFields();
}

struct Figures {
  explicit Figures(telemetry::Metrics& metrics)
      : waiting(metrics.gauge("hubward_calls_waiting", "Calls that wait for room at HubSpot")),
        waited(metrics.histogram("hubward_wait_seconds",
                                 "How long calls waited for room at HubSpot, of those that did")),
        refused{metrics.counter("hubward_limit_refusals_total", help, {{"policy", "DAILY"}}),
                metrics.counter("hubward_limit_refusals_total", help, {{"policy", "SECONDLY"}}),
                metrics.counter("hubward_limit_refusals_total", help, {{"policy", "TEN_SECONDLY_ROLLING"}})} {
  }

  static constexpr std::string_view help = "Calls that HubSpot refused with 429, by its policy";
  telemetry::Gauge waiting;
  telemetry::Histogram waited;
  telemetry::Counter refused[3];
};

}  // namespace

// The lines before one app in one account. Lives as long as a permit of it.
struct Permit::Desk {
  static_assert(kinds == line_kinds);

  Desk(std::weak_ptr<Pacer::State> of, std::shared_ptr<Account> in, AppKind is, Loop& loop,
       const Settings& settings)
      : state(std::move(of)),
        account(std::move(in)),
        kind(is),
        forms(loop, hubspot::forms_limit, settings.longest_line),
        associations(loop, hubspot::associations_limit, settings.longest_line),
        ten_seconds(loop, is == AppKind::Static ? hubspot::least_static_limit : hubspot::least_oauth_limit,
                    settings.longest_line, Budget::Answers::TellTheLimit) {}

  Stand& stand(std::size_t index) {
    switch (static_cast<LineKind>(index)) {
      case LineKind::Search: return account->search;
      case LineKind::Forms: return forms;
      case LineKind::Associations: return associations;
      case LineKind::TenSeconds: break;
    }
    return ten_seconds;
  }
  // Somebody who waits may go now.
  void changed(std::size_t index) {
    if (Stand& one = stand(index); one.served) one.changed.notify();
  }
  bool is_idle(SteadyPoint now) {
    return std::ranges::all_of(std::array{&forms, &associations, &ten_seconds},
                               [&](Stand* one) { return one->is_idle(now); });
  }

  const std::weak_ptr<Pacer::State> state;
  const std::shared_ptr<Account> account;
  const AppKind kind;
  Stand forms, associations, ten_seconds;
};

struct Pacer::State : std::enable_shared_from_this<Pacer::State> {
  using Outcome = std::expected<Permit, Refusal>;
  using Desk = Permit::Desk;
  struct Key {
    AppName app;
    HubId account;
    auto operator<=>(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string>()(key.app.text) ^ (key.account.number * 0x9E3779B97F4A7C15ULL);
    }
  };

  State(Loop& on, const Clock& by, telemetry::Metrics& metrics, Settings with)
      : loop(on), clock(by), settings(with), figures(metrics) {}

  std::shared_ptr<Desk> desk_of(const Ask& ask);
  void forget_idle();
  void see_served(const std::shared_ptr<Desk>& desk, std::size_t index);
  static Async<void> serve(std::shared_ptr<State> state, std::shared_ptr<Desk> desk, std::size_t index);
  void give_turns(Stand& stand);

  // Asks the lines from `from` on, one after the other, until the call is through or waits or is refused.
  struct Step {
    enum class Kind : std::uint8_t { Through, Waits, Refused } kind = Kind::Through;
    std::size_t index = 0;    // the line it waits in
    Line::Number number = 0;  // as which
    Refusal refusal = {};
  };
  Step ask_lines(const Ask& ask, Permit& permit, std::size_t from);
  Outcome conclude(const Ask& ask, Permit permit, Step step, TimePoint today);
  static Async<Outcome> stand_in_line(std::shared_ptr<State> state, Ask ask, Permit permit, Step step);

  Loop& loop;
  const Clock& clock;
  Settings settings;
  Figures figures;
  std::map<HubId, std::shared_ptr<Account>> accounts;
  std::unordered_map<Key, std::shared_ptr<Desk>, KeyHash> desks;
  std::size_t many = 1024;  // desks; beyond it those without use are forgotten
  bool closed = false;
};

std::shared_ptr<Permit::Desk> Pacer::State::desk_of(const Ask& ask) {
  Key key{ask.app, ask.account};
  auto found = desks.find(key);
  // An app that changed its kind is another app to HubSpot.
  if (found != desks.end() && found->second->kind == ask.kind) return found->second;
  if (desks.size() >= many) forget_idle();
  std::shared_ptr<Account>& account = accounts[ask.account];
  if (!account) account = std::make_shared<Account>(loop, settings);
  auto desk = std::make_shared<Desk>(weak_from_this(), account, ask.kind, loop, settings);
  return desks[std::move(key)] = std::move(desk);
}

void Pacer::State::forget_idle() {
  SteadyPoint now = clock.steady();
  std::erase_if(
      desks, [&](const auto& entry) { return entry.second.use_count() == 1 && entry.second->is_idle(now); });
  std::erase_if(accounts, [&](const auto& entry) {
    return entry.second.use_count() == 1 && entry.second->may_be_forgotten(now);
  });
  many = std::max<std::size_t>(many, desks.size() * 2);
}

Pacer::State::Step Pacer::State::ask_lines(const Ask& ask, Permit& permit, std::size_t from) {
  Lines passes = lines_of(*ask.operation);
  Claim claim{ask.client.text, ask.priority, ask.weight};
  for (std::size_t index = from; index < line_kinds; ++index) {
    if (!passes[index]) continue;
    SteadyPoint now = clock.steady();
    Line::Asked asked = permit.desk_->stand(index).line.ask(claim, now, ask.deadline);
    switch (asked.verdict) {
      case Line::Asked::Verdict::Go: permit.places_[index] = asked.place; break;
      case Line::Asked::Verdict::Wait:
        return {.kind = Step::Kind::Waits, .index = index, .number = asked.number};
      case Line::Asked::Verdict::TooLate:
      case Line::Asked::Verdict::Full:
        return {
            .kind = Step::Kind::Refused,
            .refusal = no_room(ask, permit.desk_->stand(index), static_cast<LineKind>(index), asked, now)};
    }
  }
  return {};
}

// With all places taken, the last question is the day.
Pacer::State::Outcome Pacer::State::conclude(const Ask& ask, Permit permit, Step step, TimePoint today) {
  if (step.kind == Step::Kind::Refused) {
    permit.unsent();
    return std::unexpected(std::move(step.refusal));
  }
  if (!has_day(ask)) return permit;
  Day& day = permit.desk_->account->day;
  if (auto wait = day.wait(ask.priority, today)) {
    permit.unsent();
    return std::unexpected(day_used_up(ask, day, *wait));
  }
  permit.of_day_ = day.take(ask.priority, today);
  return permit;
}

Async<Pacer::State::Outcome> Pacer::State::stand_in_line(std::shared_ptr<State> state, Ask ask, Permit permit,
                                                         Step step) {
  SteadyPoint began = state->clock.steady();
  while (step.kind == Step::Kind::Waits) {
    Waiting waiting(permit.desk_->stand(step.index), step.number, ask.caller_is_there);
    state->see_served(permit.desk_, step.index);
    state->figures.waiting.add(1);
    co_await suspend([&waiting](Suspended task) { waiting.task = task; });
    permit.waited_ = state->clock.steady() - began;
    if (waiting.outcome == Waiting::Outcome::Go) {
      permit.places_[step.index] = waiting.place;
      step = state->ask_lines(ask, permit, step.index + 1);
      continue;
    }
    step = {.kind = Step::Kind::Refused,
            .refusal = waiting.outcome == Waiting::Outcome::Gone
                           ? caller_went_away()
                           : out_of_time(ask, static_cast<LineKind>(step.index), permit.waited_)};
  }
  state->figures.waited.observe(permit.waited_);
  Outcome outcome = state->conclude(ask, std::move(permit), std::move(step), state->clock.now());
  co_return outcome;
}

void Pacer::State::see_served(const std::shared_ptr<Desk>& desk, std::size_t index) {
  Stand& stand = desk->stand(index);
  if (std::exchange(stand.served, true))
    stand.changed.notify();
  else
    loop.spawn(serve(shared_from_this(), desk, index));
}

// Turns are given from here only, never from within the end of another call.
Async<void> Pacer::State::serve(std::shared_ptr<State> state, std::shared_ptr<Desk> desk, std::size_t index) {
  Stand& stand = desk->stand(index);
  while (!state->closed && stand.line.waiting() > 0) {
    SteadyPoint now = state->clock.steady();
    SteadyPoint next = stand.line.wakes_at(now).value_or(now);
    co_await stand.changed.wait(after(std::max(next - now, 0ns)));
    if (!state->closed) state->give_turns(stand);
  }
  stand.served = false;
}

void Pacer::State::give_turns(Stand& stand) {
  while (auto turn = stand.line.next_turn(clock.steady())) {
    auto found = stand.waiting.extract(turn->number);
    invariant(!found.empty(), "a call has a turn and does not wait");
    Waiting& waiting = *found.mapped();
    figures.waiting.add(-1);
    if (turn->place && waiting.caller_is_there && !waiting.caller_is_there()) {
      stand.line.budget().unsent();
      waiting.outcome = Waiting::Outcome::Gone;
    } else if (turn->place) {
      waiting.outcome = Waiting::Outcome::Go;
      waiting.place = *turn->place;
    }
    waiting.task.resume();  // it may be gone afterwards
  }
}

Permit::Permit(Permit&& other) noexcept
    : desk_(std::move(other.desk_)), places_(other.places_), of_day_(other.of_day_), waited_(other.waited_) {}

Permit& Permit::operator=(Permit&& other) noexcept {
  std::swap(desk_, other.desk_);
  std::swap(places_, other.places_);
  std::swap(of_day_, other.of_day_);
  std::swap(waited_, other.waited_);
  return *this;
}

// Says of every place that the call holds what came of it.
template <class Tell>
void Permit::settle(Tell tell) {
  std::shared_ptr<Desk> desk = std::exchange(desk_, nullptr);
  std::shared_ptr<Pacer::State> state = desk ? desk->state.lock() : nullptr;
  if (!state || state->closed) return;
  SteadyPoint now = state->clock.steady();
  for (std::size_t index = 0; index < line_kinds; ++index) {
    if (!places_[index]) continue;
    tell(desk->stand(index).line.budget(), static_cast<LineKind>(index), *places_[index], now);
    desk->changed(index);
  }
}

Permit::~Permit() {
  settle([](Budget& budget, LineKind, const Budget::Place&, SteadyPoint now) { budget.lost(now); });
}

void Permit::answered(const hubspot::LimitFields& told) {
  hear_of_day(told);
  settle([&](Budget& budget, LineKind kind, const Budget::Place& place, SteadyPoint now) {
    budget.answered(place, now, told_to(kind, told));
  });
}

void Permit::refused(LimitKind kind, const hubspot::LimitFields& told) {
  if (auto state = desk_ ? desk_->state.lock() : nullptr; state && !state->closed) {
    state->figures.refused[kind == LimitKind::DailyLimit      ? 0
                           : kind == LimitKind::SecondlyLimit ? 1
                                                              : 2]
        .add();
    if (kind == LimitKind::DailyLimit && of_day_) desk_->account->day.refused(*of_day_, state->clock.now());
  }
  // Which ten seconds they were, HubSpot does not say: those that are special, where the call counts there.
  LineKind guilty = kind == LimitKind::SecondlyLimit            ? LineKind::Search
                    : places_[index_of(LineKind::Associations)] ? LineKind::Associations
                    : places_[index_of(LineKind::Forms)]        ? LineKind::Forms
                                                                : LineKind::TenSeconds;
  settle([&](Budget& budget, LineKind of, const Budget::Place& place, SteadyPoint now) {
    if (kind != LimitKind::DailyLimit && of == guilty)
      budget.refused(place, now, told_to(of, told));
    else
      budget.answered(place, now, told_to(of, told));
  });
}

void Permit::unsent() {
  if (of_day_ && desk_) desk_->account->day.unsent();
  settle([](Budget& budget, LineKind, const Budget::Place&, SteadyPoint) { budget.unsent(); });
}

void Permit::hear_of_day(const hubspot::LimitFields& told) {
  if (auto state = desk_ && of_day_ ? desk_->state.lock() : nullptr; state && !state->closed)
    desk_->account->day.answered(*of_day_, state->clock.now(), told);
}

Pacer::Pacer(Loop& loop, const Clock& clock, telemetry::Metrics& metrics, Settings settings)
    : state_(std::make_shared<State>(loop, clock, metrics, settings)) {}

Pacer::~Pacer() {
  state_->closed = true;
  state_->desks.clear();
  state_->accounts.clear();
}

Async<std::expected<Permit, Refusal>> Pacer::admit(Ask ask) {
  Permit permit;
  permit.desk_ = state_->desk_of(ask);
  // Nobody waits for a day that is used up.
  TimePoint today = has_day(ask) ? state_->clock.now() : TimePoint();
  if (has_day(ask)) {
    Day& day = permit.desk_->account->day;
    if (auto wait = day.wait(ask.priority, today))
      return Async<State::Outcome>::already(std::unexpected(day_used_up(ask, day, *wait)));
  }
  State::Step step = state_->ask_lines(ask, permit, 0);
  if (step.kind == State::Step::Kind::Waits)
    return State::stand_in_line(state_, std::move(ask), std::move(permit), std::move(step));
  return Async<State::Outcome>::already(state_->conclude(ask, std::move(permit), std::move(step), today));
}

const Settings& Pacer::settings() const {
  return state_->settings;
}

void Pacer::set(Settings settings) {
  state_->settings = settings;
  for (auto& [id, account] : state_->accounts) {
    account->day.set_reserve(settings.day_reserve_percent);
    account->search.line.set_longest(settings.longest_line);
    account->search.line.budget().set_documented(settings.searches_per_second);
  }
  for (auto& [key, desk] : state_->desks)
    for (Stand* stand : {&desk->forms, &desk->associations, &desk->ten_seconds})
      stand->line.set_longest(settings.longest_line);
  wake();
}

void Pacer::wake() {
  for (auto& [key, desk] : state_->desks)
    for (std::size_t index = 0; index < line_kinds; ++index) desk->changed(index);
}

std::vector<Pacer::View> Pacer::list() const {
  SteadyPoint now = state_->clock.steady();
  std::vector<View> views;
  for (const auto& [key, desk] : state_->desks) {
    Account& account = *desk->account;
    views.push_back({.app = key.app,
                     .account = key.account,
                     .kind = desk->kind,
                     .ten_seconds = desk->ten_seconds.line.budget().view(now),
                     .search = account.search.line.budget().view(now),
                     .waiting = desk->ten_seconds.line.waiting() + desk->associations.line.waiting() +
                                desk->forms.line.waiting(),
                     .searches_waiting = account.search.line.waiting(),
                     .day = desk->kind == AppKind::Static ? account.day.view() : std::nullopt});
  }
  std::ranges::sort(views, {},
                    [](const View& view) { return std::pair(view.app.text, view.account.number); });
  return views;
}

}  // namespace hubward::pacing
