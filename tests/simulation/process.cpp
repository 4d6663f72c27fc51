// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace hubward::simulation {

namespace flight = grants::flight;
using grants::GrantFacts, grants::TokenLife, grants::WithoutToken;
using namespace std::chrono_literals;

TimePoint Process::wall() const {
  return TimePoint(std::chrono::duration_cast<Millis>(now().time_since_epoch()) + 400'000h + offset_);
}

// --- Life ---

void Process::start() {
  ++doer_.incarnation;
  running_ = true;
  world_.note(doer_, "starts");
  paused_until_ = {};
  facts_.reset();
  flight_.reset();
  watch_.emplace(lease_life);
  world_.starts(doer_);
  load();
  call_now_and_then();
}

void Process::crash() {
  if (!running_) return;
  world_.note(doer_, "crashes");
  disturbed();
  running_ = false;
  world_.crashed(doer_.process);
  ++world_.counts.crashes;
}

void Process::pause(SteadyPoint until) {
  disturbed();
  world_.note(doer_,
              fmt::format("pauses for {} s", std::chrono::ceil<std::chrono::seconds>(until - now()).count()));
  paused_until_ = until;
  ++world_.counts.pauses;
}

void Process::set_clock(Millis offset) {
  offset_ = offset;
  world_.note(doer_, fmt::format("sets its clock {} min off",
                                 std::chrono::ceil<std::chrono::minutes>(offset).count()));
  ++world_.counts.jumps;
}

void Process::disturbed() {
  if (flight_) flight_->record->disturbed = true;
}

void Process::later(Millis wait, std::move_only_function<void()> what) {
  world_.timeline.in(wait, [this, incarnation = doer_.incarnation, what = std::move(what)]() mutable {
    if (!running_ || doer_.incarnation != incarnation) return;
    if (paused_until_ > now())
      later(std::chrono::ceil<Millis>(paused_until_ - now()), std::move(what));
    else
      what();
  });
}

void Process::at_store(std::move_only_function<void()> work, Reply reply) {
  Timeline& chance = world_.timeline;
  const Weather& weather = world_.weather;
  bool refuses = chance.chance(weather.store_refuses), mumbles = chance.chance(weather.store_mumbles);
  bool doubles = chance.chance(weather.store_doubles);
  if (refuses || mumbles || doubles) disturbed();
  Millis there = chance.between(0ms, weather.slowest_store),
         back = chance.between(0ms, weather.slowest_store);
  // What is on its way to the store gets there, whatever becomes of the process.
  chance.in(there, [this, incarnation = doer_.incarnation, refuses, mumbles, doubles, back,
                    work = std::move(work), reply = std::move(reply)]() mutable {
    bool works = !refuses && !world_.store_is_out;
    if (world_.store_is_out) disturbed();
    if (works) work();
    if (works && doubles) work();
    if (incarnation != doer_.incarnation) return;
    later(back, [works = works && !mumbles, reply = std::move(reply)]() mutable { reply(works); });
  });
}

void Process::load() {
  auto row = std::make_shared<GrantRow>();
  at_store([this, row] { *row = world_.grant; },
           [this, row](bool worked) {
             if (!worked) return later(1s, [this] { load(); });
             use(*row, std::nullopt, true);
             facts_->dead = row->dead;
             schedule();
           });
}

void Process::schedule() {
  std::optional<SteadyPoint> next = grants::next_renewal(*facts_);
  if (!next || flight_) return;
  later(std::chrono::ceil<Millis>(std::max(*next, now()) - now()), [this, timer = ++timer_] {
    if (timer == timer_ && !flight_) begin();
  });
}

// --- Calls ---

void Process::call_now_and_then() {
  later(world_.timeline.between(20s, 100s), [this] {
    if (facts_) call();
    call_now_and_then();
  });
}

void Process::call() {
  if (grants::for_call(*facts_, now()) != grants::ForCall::Use) return schedule();
  if (world_.accepts(access_)) {
    last_success_ = now();
    return;
  }
  facts_->rejected = true;  // HubSpot says that it has expired
  schedule();
}

// --- The renewal ---

void Process::begin() {
  grants::renewal_began(*facts_, now());
  flight::Start start{generation_, facts_->dead, facts_->doubted_since, lease_life};
  flight_ = std::make_shared<Flight>(start, doer_);
  drive(flight_, flight_->protocol.begin(now()));
}

void Process::tell(const Flying& flight, Event event) {
  static constexpr std::string_view names[] = {"saw",          "took the lease", "finds it held",
                                               "was granted",  "was refused",    "did it",
                                               "was outpaced", "failed"};
  world_.note(doer_, names[event.index()]);
  drive(flight, flight->protocol.on(std::move(event), now()));
}

// A process may stop for a while between knowing what to do and doing it.
void Process::drive(const Flying& flight, flight::Action action) {
  if (std::holds_alternative<flight::Ask>(action)) world_.decides_to_ask(flight->holder.value_or("nobody"));
  tend_lease(flight);
  later(world_.timeline.between(0ms, 2ms),
        [this, flight, action = std::move(action)]() mutable { perform(flight, std::move(action)); });
}

void Process::perform(const Flying& flight, flight::Action action) {
  static constexpr std::string_view names[] = {"looks",         "takes the lease", "asks", "keeps",
                                               "calls it dead", "sleeps",          "ends"};
  world_.note(doer_, names[action.index()]);
  if (std::holds_alternative<flight::Look>(action)) return look(flight);
  if (std::holds_alternative<flight::TakeLease>(action))
    return give_back(flight, leases::Work::Unchanged, [this, flight] { take_lease(flight); });
  if (std::holds_alternative<flight::Ask>(action)) return ask(flight);
  if (auto* order = std::get_if<flight::Keep>(&action)) return keep(flight, order->in_place_of);
  if (auto* order = std::get_if<flight::CallDead>(&action)) return call_dead(flight, order->generation);
  if (auto* rest = std::get_if<flight::Sleep>(&action))
    return later(std::chrono::ceil<Millis>(std::max(rest->until, now()) - now()),
                 [this, flight] { tell(flight, flight::Done()); });
  settle(flight, std::move(std::get<flight::End>(action)));
}

void Process::look(const Flying& flight) {
  auto row = std::make_shared<GrantRow>();
  at_store([this, row] { *row = world_.grant; },
           [this, flight, row](bool worked) {
             if (!worked) return tell(flight, flight::Failed());
             flight->row = *row;
             flight::Stored seen{row->generation, row->dead, {}};
             if (row->refresh == 0) seen.obstacle = flight::Trouble{"there is no refresh token", "", {}};
             tell(flight, flight::Seen{std::move(seen)});
           });
}

void Process::take_lease(const Flying& flight) {
  auto row = std::make_shared<std::optional<leases::LeaseRow>>();
  at_store([this, row] { *row = world_.lease; },
           [this, flight, row, asked = now()](bool worked) {
             if (!worked) return tell(flight, flight::Failed());
             claim_lease(flight, *row, asked);
           });
}

void Process::claim_lease(const Flying& flight, const std::optional<leases::LeaseRow>& row,
                          SteadyPoint asked) {
  std::optional<leases::Claim> claim = watch_->claim("grant", row, asked, now());
  if (!claim) return tell(flight, flight::Held());
  std::string holder = std::to_string(doer_.process) + "." + std::to_string(doer_.incarnation) + "." +
                       std::to_string(++takings_);
  auto taken = std::make_shared<bool>(false);
  at_store([this, taken, holder, claim = *claim] { *taken = world_.claim_lease(holder, claim) || *taken; },
           [this, flight, taken, holder, before = claim->before](bool worked) {
             if (!worked) return tell(flight, flight::Failed());
             if (!*taken) return tell(flight, flight::Held());
             watch_->forget("grant");
             flight->holder = holder;
             tell(flight, flight::Taken{before == leases::Before::LeftOpen});
           });
}

void Process::give_back(const Flying& flight, leases::Work work, std::move_only_function<void()> then) {
  std::optional<std::string> holder = std::exchange(flight->holder, std::nullopt);
  if (!holder) return then();
  at_store([this, holder = *holder, work] { world_.return_lease(holder, work); },
           [then = std::move(then)](bool) mutable { then(); });
}

void Process::tend_lease(const Flying& flight) {
  std::optional<SteadyPoint> due = flight->protocol.lease_due();
  if (!due || flight->tending || !flight->holder) return;
  flight->tending = true;
  later(std::chrono::ceil<Millis>(std::max(*due, now()) - now()), [this, flight, holder = *flight->holder] {
    auto moved = std::make_shared<bool>(false);
    if (flight->holder != holder) return void(flight->tending = false);
    at_store([this, moved, holder] { *moved = world_.renew_lease(holder); },
             [this, flight, moved, holder, sent = now()](bool worked) {
               flight->tending = false;
               if (flight->holder != holder) return;
               if (!worked)
                 flight->protocol.lease_not_renewed(now());
               else if (*moved)
                 flight->protocol.lease_renewed(sent);
               else
                 flight->protocol.lease_lost();
               tend_lease(flight);
             });
  });
}

void Process::ask(const Flying& flight) {
  Timeline& chance = world_.timeline;
  const Weather& weather = world_.weather;
  world_.when_asking(doer_.process);
  flight->asked = now();
  flight->asked_at = wall();
  flight->offset = offset_;
  flight->asked_with = flight->row.refresh;
  bool slow = chance.chance(weather.slow_hubspot);
  Millis there = chance.between(5ms, slow ? 15s : 200ms), back = chance.between(5ms, slow ? 15s : 200ms);
  bool lost_question = chance.chance(weather.lost_question), lost_answer = chance.chance(weather.lost_answer);
  bool busy = chance.chance(weather.busy), doubled = chance.chance(weather.doubled_question);
  if (lost_question || lost_answer || busy || doubled) disturbed();

  auto waiting = std::make_shared<bool>(true);
  later(call_timeout, [this, flight, waiting] {
    if (!std::exchange(*waiting, false)) return;
    world_.gives_up(doer_);
    disturbed();
    tell(flight, flight::Failed());
  });
  if (lost_question) return;
  chance.in(there,
            [=, this, generation = flight->row.generation, wrong = clock_may_be_wrong_, asker = doer_]() {
              World::Answer answer{hubspot::OauthTrouble{503, "HubSpot answered 503", {}}};
              if (!busy) answer = world_.refresh(flight->asked_with, generation, flight->record, wrong);
              if (!busy && doubled) {
                World::Answer second = world_.refresh(flight->asked_with, generation, flight->record, wrong);
                if (world_.timeline.chance(0.5)) std::swap(answer, second);
                world_.received(second.refresh, false);
              }
              if (lost_answer || !*waiting || asker != doer_) return world_.received(answer.refresh, false);
              auto carried = std::make_shared<World::Answer>(std::move(answer));
              later(back, [this, flight, waiting, carried] {
                bool in_time = std::exchange(*waiting, false);
                world_.received(carried->refresh, in_time);
                if (in_time) answered(flight, std::move(*carried));
              });
            });
}

void Process::answered(const Flying& flight, World::Answer answer) {
  grants::Verdict verdict = grants::verdict_on(answer.outcome);
  flight::Trouble said{std::move(verdict.cause), std::move(verdict.next_step), verdict.at_least};
  switch (verdict.kind) {
    case grants::Verdict::Kind::DeadToken: return tell(flight, flight::Refused{std::move(said), false});
    case grants::Verdict::Kind::Trouble: return tell(flight, std::move(said));
    case grants::Verdict::Kind::Renewed: break;
  }
  flight->answer = std::move(answer);
  tell(flight, flight::Granted());
}

void Process::keep(const Flying& flight, std::uint64_t in_place_of) {
  GrantRow next = flight->row;
  next.generation = in_place_of + 1;
  next.dead = false;
  next.access = flight->answer.access;
  next.refresh = flight->answer.refresh != 0 ? flight->answer.refresh : flight->asked_with;
  if (world_.breakage == Breakage::DropsRefreshToken) next.refresh = flight->answer.refresh;
  next.obtained = flight->asked_at;
  next.expires = flight->asked_at + World::token_life;
  next.offset = flight->offset;
  bool two_writes = world_.breakage == Breakage::TwoWrites;
  GrantRow first = next;
  if (two_writes) first.refresh = flight->asked_with;
  auto kept = std::make_shared<bool>(false);
  at_store([this, kept, first, in_place_of] { *kept = world_.keep(first, in_place_of); },
           [this, flight, kept, next, two_writes](bool worked) {
             if (!worked) return tell(flight, flight::Failed());
             if (!*kept) return tell(flight, flight::Outpaced());
             flight->row = next;
             if (!two_writes) return tell(flight, flight::Done());
             at_store([this, next] { world_.grant.refresh = next.refresh; },
                      [this, flight](bool) { tell(flight, flight::Done()); });
           });
}

void Process::call_dead(const Flying& flight, std::uint64_t generation) {
  auto called = std::make_shared<bool>(false);
  at_store([this, called, generation] { *called = world_.call_dead(generation); },
           [this, flight, called](bool worked) {
             if (!worked) return tell(flight, flight::Failed());
             tell(flight, *called ? Event(flight::Done()) : Event(flight::Outpaced()));
           });
}

// --- What comes of it ---

void Process::settle(const Flying& flight, flight::End end) {
  if (std::holds_alternative<flight::Renewed>(end.outcome)) {
    ++world_.counts.renewed;
    GrantRow row = flight->row;
    if (row.access != flight->answer.access) {  // only a broken protocol gets here without having kept it
      row.generation += 1;
      row.access = flight->answer.access;
    }
    use(row, TokenLife{flight->asked, flight->asked + World::token_life}, false);
  } else if (std::holds_alternative<flight::Newer>(end.outcome)) {
    ++world_.counts.adopted;
    use(flight->row, std::nullopt, false);
  } else if (std::holds_alternative<flight::Doubted>(end.outcome)) {
    ++world_.counts.doubts;
    fail(WithoutToken::Doubted, 0ms);
  } else if (std::holds_alternative<flight::Dead>(end.outcome)) {
    fail(WithoutToken::Dead, 0ms);
  } else {
    const auto* trouble = std::get_if<flight::Trouble>(&end.outcome);
    fail(WithoutToken::Trouble, trouble != nullptr ? trouble->at_least : 0ms);
  }
  leases::Work work = end.settled ? leases::Work::Settled : leases::Work::Unchanged;
  give_back(flight, work, [this] {
    flight_.reset();
    schedule();
  });
}

void Process::use(const GrantRow& row, std::optional<TokenLife> life, bool loaded) {
  world_.must(row.generation >= generation_ || loaded, "an older token was put in place of a newer one");
  world_.puts_to_use(row.generation, row.access);
  GrantFacts before = facts_.value_or(GrantFacts());
  if (!life) life = grants::life_from({row.obtained, row.expires}, wall(), now(), before.since);
  facts_ = grants::facts_of_new(life, now(), world_.timeline.fraction(), before);
  generation_ = row.generation;
  access_ = row.access;
  // A clock that is wrong by less than a token lives cannot be told from a right one.
  Millis skew = offset_ - row.offset;
  clock_may_be_wrong_ = skew != 0ms && (loaded || std::chrono::abs(skew) < 2 * World::token_life);
}

void Process::fail(WithoutToken how, Millis at_least) {
  grants::renewal_failed(*facts_, how, at_least, now(), world_.timeline.fraction());
}

}  // namespace hubward::simulation
