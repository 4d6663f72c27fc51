// SPDX-License-Identifier: Apache-2.0
// Drives the refresh protocol (refresh_flight.hpp) with the real store, leases and HubSpot. It decides
// nothing: it does what the flight says and tells it what came of it. Tokens stay here.
#include <utility>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "grants/refresh_flight.hpp"
#include "grants/uninstall_evidence.hpp"
#include "leases/leases.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

constexpr std::string_view not_final =
    "Nothing to do yet: it is asked again, and called dead only when it stays so.";
constexpr std::string_view look_at_app =
    "HubSpot refuses the grants of many accounts of this app at once: look at the app in its developer "
    "account.";

flight::Trouble trouble(const Error& error) {
  return {error.message, error.retry == Retry::Later
                             ? "Nothing to do: it is tried again."
                             : "The grant is kept; mend the cause, and it is used again."};
}

}  // namespace

class Grants::State::Renewal {
 public:
  Renewal(State& state, std::shared_ptr<Holding> holding)
      : state_(state),
        holding_(std::move(holding)),
        held_(holding_->view()),
        flight_(start()),
        moved_(state.parts.loop) {}

  // `self` keeps all of it alive, also for keep_lease().
  static Async<void> run(std::shared_ptr<Renewal> self);

 private:
  using Event = flight::Event;

  flight::Start start() const {
    GrantFacts facts = holding_->facts();
    return {held_.generation, facts.dead, facts.doubted_since, state_.parts.leases.life()};
  }
  SteadyPoint now() const { return state_.parts.clock.steady(); }
  store::Database& database() const { return state_.parts.database; }

  Async<Event> perform(flight::Action action);
  Async<Event> look();
  Async<std::optional<flight::Trouble>> open_for_asking();
  Async<Event> take_lease();
  Async<Event> ask();
  Async<Event> keep(flight::Keep order);
  Async<Event> call_dead(flight::CallDead order);
  Event refused(Verdict verdict);

  Async<void> give_back(leases::Work work);
  static Async<void> keep_lease(std::shared_ptr<Renewal> self);

  bool is_current() const;
  bool settle_token(flight::Outcome& outcome);  // false when the outcome brings none
  Async<void> settle_failure(flight::Outcome outcome);
  Async<void> fail(Holding::Failure failure, bool is_news_to_store);
  Async<void> explain_death();
  Async<void> store_state();
  LastTrouble shown(flight::Trouble trouble) const {
    return {state_.parts.clock.now(), std::move(trouble.cause), std::move(trouble.next_step)};
  }

  State& state_;
  const std::shared_ptr<Holding> holding_;
  const ConnectionView held_;
  flight::RefreshFlight flight_;
  bool ended_ = false;

  std::optional<leases::Lease> lease_;
  Signal moved_;  // the lease was taken or the flight ended

  std::optional<StoredGrant> row_;       // looked at last
  std::optional<Secret> access_token_;   // of row_, when it is newer than what is held
  std::optional<Secret> refresh_token_;  // of row_
  AppSnapshot app_;                      // of row_, as it was when the row was found to be its own

  std::optional<StoredGrant> asked_with_;
  std::optional<hubspot::Granted> granted_;
  TimePoint asked_at_{};
  SteadyPoint asked_{};
  bool app_in_doubt_ = false;
};

Async<void> Grants::State::renew(std::shared_ptr<State> self, std::shared_ptr<Holding> holding) {
  co_await Renewal::run(std::make_shared<Renewal>(*self, holding));
  --self->active_;
  // A probe may have been ordered while the verdict was being stored: that order stands.
  if (self->find(holding->name) && !self->schedule_.has(holding)) self->reschedule(holding);
  self->start_due();
  self->changed.notify();
}

Async<void> Grants::State::Renewal::run(std::shared_ptr<Renewal> self) {
  if (self->state_.parts.leases.life()) self->state_.parts.loop.spawn(keep_lease(self));
  flight::Action action = self->flight_.begin(self->now());
  while (!std::holds_alternative<flight::End>(action)) {
    Event event = co_await self->perform(std::move(action));
    action = self->flight_.on(std::move(event), self->now());
  }
  flight::End end = std::move(std::get<flight::End>(action));
  leases::Work work = end.settled ? leases::Work::Settled : leases::Work::Unchanged;
  self->ended_ = true;
  // Whoever waits for a token does not wait for the lease as well.
  bool has_token = self->settle_token(end.outcome);
  co_await self->give_back(work);
  self->moved_.notify();
  if (!has_token) co_await self->settle_failure(std::move(end.outcome));
}

Async<flight::Event> Grants::State::Renewal::perform(flight::Action action) {
  if (std::holds_alternative<flight::TakeLease>(action)) return take_lease();
  if (std::holds_alternative<flight::Ask>(action)) return ask();
  if (auto* order = std::get_if<flight::Keep>(&action)) return keep(std::move(*order));
  if (const auto* order = std::get_if<flight::CallDead>(&action)) return call_dead(*order);
  if (const auto* rest = std::get_if<flight::Sleep>(&action)) {
    auto sleep = [](Deadline until) -> Async<Event> {
      co_await sleep_until(until);
      co_return flight::Done();
    };
    return sleep(after(rest->until - now()));
  }
  return look();
}

Async<flight::Event> Grants::State::Renewal::look() {
  Result<std::optional<StoredGrant>> row = co_await state_.stored(held_.name);
  if (!row) co_return trouble(row.error());
  row_ = std::move(*row);
  // Under another key it is another grant, connected after a disconnect; its generations began anew.
  bool is_another = row_ && asked_with_ && row_->key != asked_with_->key;
  if (!row_ || is_another) co_return flight::Seen();
  flight::Stored seen{row_->generation, row_->state == ConnectionState::Dead};
  if (seen.generation > held_.generation && !seen.dead) {
    Result<Adopted> newer = co_await state_.opened(*row_);
    if (!newer) co_return trouble(newer.error());
    access_token_ = std::move(newer->access_token);
  } else {
    seen.obstacle = co_await open_for_asking();
  }
  co_return flight::Seen{std::move(seen)};
}

// Why HubSpot cannot be asked with the row, or nothing.
Async<std::optional<flight::Trouble>> Grants::State::Renewal::open_for_asking() {
  app_ = state_.app(row_->app);
  if (!app_)
    co_return flight::Trouble{"the configuration has no app named " + row_->app.text,
                              "Add the app to the configuration again, or disconnect the connection."};
  if (app_->client_id != row_->client_id)
    co_return flight::Trouble{
        "the grant was made with another client id than app " + row_->app.text + " has now",
        "Put the old client id back, or connect the account again with the new one."};
  Result<vault::DataKeyHandle> key = co_await state_.parts.vault.data_key(row_->key);
  if (!key) co_return trouble(key.error());
  Result<std::optional<Secret>> refresh_token = open_refresh_token(*row_, **key);
  if (!refresh_token) co_return trouble(refresh_token.error());
  if (!*refresh_token) co_return flight::Trouble{"there is no refresh token", "Connect the account again."};
  refresh_token_ = std::move(*refresh_token);
  co_return std::nullopt;
}

Async<flight::Event> Grants::State::Renewal::take_lease() {
  co_await give_back(leases::Work::Unchanged);
  Result<leases::Taking> taking = co_await state_.parts.leases.take("grant/" + held_.name.text);
  if (!taking) co_return trouble(taking.error());
  auto* taken = std::get_if<leases::Taken>(&*taking);
  if (taken == nullptr) co_return flight::Held();
  lease_ = std::move(taken->lease);
  moved_.notify();
  co_return flight::Taken{taken->before == leases::Before::LeftOpen};
}

Async<void> Grants::State::Renewal::give_back(leases::Work work) {
  std::optional<leases::Lease> lease = std::exchange(lease_, std::nullopt);
  if (!lease) co_return;
  Result<void> returned = co_await state_.parts.leases.give_back(std::move(*lease), work);
  // It ends by itself, only later.
  if (!returned)
    state_.parts.log.failed(telemetry::Level::Warning, "grants.lease_not_returned", returned.error());
}

Async<void> Grants::State::Renewal::keep_lease(std::shared_ptr<Renewal> self) {
  while (!self->ended_) {
    std::optional<SteadyPoint> due = self->flight_.lease_due();
    Deadline deadline = due ? after(*due - self->now()) : Deadline::max();
    co_await self->moved_.wait(deadline);
    due = self->flight_.lease_due();
    if (self->ended_ || !self->lease_ || !due || *due > self->now()) continue;
    SteadyPoint sent = self->now();
    leases::Lease lease = *self->lease_;
    Result<void> renewed = co_await self->state_.parts.leases.renew(lease);
    if (!self->lease_ || self->lease_->holder != lease.holder) continue;  // given back meanwhile
    if (renewed)
      self->flight_.lease_renewed(sent);
    else if (renewed.error().code == "LEASE_LOST")
      self->flight_.lease_lost();
    else
      self->flight_.lease_not_renewed(self->now());
  }
}

Async<flight::Event> Grants::State::Renewal::ask() {
  asked_with_ = row_;
  asked_at_ = state_.parts.clock.now();
  asked_ = now();
  Secret asked_with = refresh_token_->clone();
  OauthCaller caller = state_.caller(app_);
  hubspot::OauthOutcome<hubspot::Granted> outcome = co_await caller.refresh(std::move(asked_with));
  Verdict verdict = verdict_on(outcome);
  switch (verdict.kind) {
    case Verdict::Kind::Renewed: break;
    case Verdict::Kind::DeadToken: co_return refused(std::move(verdict));
    case Verdict::Kind::Trouble:
      co_return flight::Trouble{std::move(verdict.cause), std::move(verdict.next_step), verdict.at_least};
  }
  if (state_.app_doubts_[app_->name].honoured()) state_.probe_dead_of(app_->name);
  granted_ = std::move(std::get<hubspot::Granted>(outcome));
  if (granted_->hub_id && *granted_->hub_id != row_->hub_id)
    co_return flight::Trouble{"HubSpot answered with a token of another account",
                              "The token was thrown away. Connect the account again if this stays."};
  co_return flight::Granted();
}

flight::Event Grants::State::Renewal::refused(Verdict verdict) {
  flight::Trouble said{std::move(verdict.cause), std::move(verdict.next_step)};
  // Who was called dead before and is asked about again tells nothing new of the app.
  if (holding_->facts().dead) return flight::Refused{std::move(said), false};
  AppDoubt::Now doubt = state_.app_doubts_[app_->name].refused(held_.name, now());
  if (doubt == AppDoubt::Now::Alarm) {
    state_.parts.log.error("app.in_doubt", {{"app", app_->name}, {"next_step", look_at_app}});
    state_.record("app.in_doubt", held_.name, {{"app", app_->name.text}});
  }
  app_in_doubt_ = doubt != AppDoubt::Now::Believed;
  if (app_in_doubt_) said.at_least = app_doubt_back_off;
  return flight::Refused{std::move(said), app_in_doubt_};
}

Async<flight::Event> Grants::State::Renewal::keep(flight::Keep order) {
  if (order.after && is_current()) {
    holding_->show(shown(std::move(*order.after)));
    state_.observe(holding_);
  }
  StoredGrant next = *asked_with_;
  next.generation = order.in_place_of + 1;
  next.obtained_at = asked_at_;
  next.expires_at = asked_at_ + granted_->expires_in;
  next.state = ConnectionState::Connected;
  next.last_trouble.reset();
  if (!granted_->scopes.empty()) next.scopes = granted_->scopes;

  // A disconnect shreds the key before its row is looked for again: the look that follows finds out.
  auto key_is_gone = [](const Error& error) {
    return error.code == "DATA_KEY_UNKNOWN" || error.code == "DATA_KEY_SHREDDED";
  };
  Result<vault::DataKeyHandle> key = co_await state_.parts.vault.data_key(next.key);
  if (!key && key_is_gone(key.error())) co_return flight::Outpaced();
  if (!key) co_return trouble(key.error());
  const Secret& refresh_token = granted_->refresh_token ? *granted_->refresh_token : *refresh_token_;
  Result<void> sealed = seal_tokens(next, **key, granted_->access_token, &refresh_token);
  if (!sealed && key_is_gone(sealed.error())) co_return flight::Outpaced();
  if (!sealed) co_return trouble(sealed.error());
  Result<void> committed = co_await database().commit(replace_grant(next, order.in_place_of));
  if (!committed && committed.error().code == "STORE_CONFLICT") co_return flight::Outpaced();
  if (!committed) co_return trouble(committed.error());
  row_ = std::move(next);
  co_return flight::Done();
}

Async<flight::Event> Grants::State::Renewal::call_dead(flight::CallDead order) {
  StoredGrant dead = *asked_with_;
  dead.generation = order.generation;
  dead.state = ConnectionState::Dead;
  Result<void> marked = co_await database().commit(set_state(dead));
  if (!marked && marked.error().code == "STORE_CONFLICT") co_return flight::Outpaced();
  if (!marked) co_return trouble(marked.error());
  co_return flight::Done();
}

// --- What came of it ---

// Disconnected or connected anew meanwhile: then it is no business of this renewal's any more.
bool Grants::State::Renewal::is_current() const {
  Result<Entry> entry = state_.find(holding_->name);
  return entry && entry->holding == holding_ && holding_->view().generation == held_.generation;
}

bool Grants::State::Renewal::settle_token(flight::Outcome& outcome) {
  bool by_us = std::holds_alternative<flight::Renewed>(outcome);
  if (!by_us && !std::holds_alternative<flight::Newer>(outcome)) return false;
  if (!is_current()) return true;
  Adopted adopted{std::move(*row_), std::move(by_us ? granted_->access_token : *access_token_)};
  if (by_us) adopted.life = TokenLife{asked_, asked_ + granted_->expires_in};
  state_.compare_scopes(adopted.grant, held_.scopes);
  (by_us ? state_.renewed_ : state_.adopted_).add();
  std::string generation = std::to_string(adopted.grant.generation);
  state_.adopt(holding_, std::move(adopted));
  state_.record_change(by_us ? "grant.renew" : "grant.adopt", holding_,
                       {{"generation", std::move(generation)}});
  return true;
}

Async<void> Grants::State::Renewal::settle_failure(flight::Outcome outcome) {
  if (!is_current()) co_return;
  if (std::holds_alternative<flight::Gone>(outcome)) {
    state_.record("grant.gone", holding_->name, {{"to", "disconnected"}});
    state_.unpublish(holding_->name);
    co_return co_await state_.remember_departed(holding_->name);
  }
  auto* dead = std::get_if<flight::Dead>(&outcome);
  if (dead != nullptr && !dead->verdict) {
    LastTrouble known = row_->last_trouble.value_or(LastTrouble());
    co_return co_await fail({WithoutToken::Dead, std::move(known)}, false);
  }
  if (dead != nullptr) {
    bool is_new = held_.state != ConnectionState::Dead;
    co_await fail({WithoutToken::Dead, shown(std::move(*dead->verdict))}, true);
    if (is_new) co_await explain_death();
    co_return;
  }
  auto* doubted = std::get_if<flight::Doubted>(&outcome);
  flight::Trouble trouble =
      doubted ? std::move(doubted->trouble) : std::move(std::get<flight::Trouble>(outcome));
  if (doubted) trouble.next_step = app_in_doubt_ ? look_at_app : not_final;
  std::chrono::milliseconds at_least = trouble.at_least;
  WithoutToken how = !doubted        ? WithoutToken::Trouble
                     : app_in_doubt_ ? WithoutToken::AppDoubted
                                     : WithoutToken::Doubted;
  co_await fail({how, shown(std::move(trouble)), at_least}, true);
}

Async<void> Grants::State::Renewal::fail(Holding::Failure failure, bool is_news_to_store) {
  ConnectionView before = holding_->view();
  std::string cause = failure.trouble.cause;
  switch (failure.how) {
    case WithoutToken::Dead: state_.died_.add(); break;
    case WithoutToken::Doubted:
    case WithoutToken::AppDoubted: state_.doubted_.add(); break;
    case WithoutToken::Trouble: state_.troubled_.add(); break;
  }
  holding_->fail(std::move(failure), now(), state_.chance());
  ConnectionView after = holding_->view();
  bool news = before.state != after.state || !before.last_trouble || before.last_trouble->cause != cause;
  if (!news) co_return;
  state_.record_change(after.state == ConnectionState::Dead ? "grant.dead" : "grant.trouble", holding_,
                       {{"cause", cause},
                        {"next_step", after.last_trouble->next_step},
                        {"generation", std::to_string(before.generation)}});
  if (is_news_to_store) co_await store_state();
}

// For whoever looks at the store alone, and for the next start; the state in memory is what counts here.
Async<void> Grants::State::Renewal::store_state() {
  if (!row_) co_return;
  ConnectionView now = holding_->view();
  StoredGrant row;
  row.name = now.name;
  row.generation = now.generation;
  row.key = row_->key;
  row.state = now.state;
  row.last_trouble = std::move(now.last_trouble);
  Result<void> kept = co_await database().commit(set_state(row));
  if (!kept) state_.parts.log.failed(telemetry::Level::Warning, "grants.state_not_stored", kept.error());
}

// Nobody waits for this: the verdict is told and stored already.
Async<void> Grants::State::Renewal::explain_death() {
  if (!app_ || !is_current()) co_return;
  std::optional<Secret> access_token = holding_->living_token(now());
  if (!access_token) co_return;
  OauthCaller caller = state_.caller(app_);
  hubspot::OauthOutcome<hubspot::AccountDetails> answer =
      co_await caller.account_details(std::move(*access_token));
  AccessToken evidence = access_token_after(answer, held_.hub_id);
  ConnectionView view = holding_->view();
  bool is_still_dead = is_current() && view.state == ConnectionState::Dead && view.last_trouble;
  if (evidence == AccessToken::Unknown || !is_still_dead) co_return;
  bool is_uninstalled = evidence == AccessToken::Refused;
  LastTrouble reason = reason_of_death(view, std::move(*view.last_trouble), evidence);
  state_.record(is_uninstalled ? "grant.uninstalled" : "grant.revoked", holding_->name,
                {{"cause", reason.cause}, {"next_step", reason.next_step}});
  holding_->explain_death(std::move(reason), is_uninstalled);
  co_await store_state();
}

Async<Result<Grants::State::Adopted>> Grants::State::opened(StoredGrant grant) {
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(grant.key);
  if (!key) co_return std::unexpected(key.error());
  Result<Secret> access_token = open_access_token(grant, **key);
  if (!access_token) co_return std::unexpected(access_token.error());
  co_return Adopted{std::move(grant), std::move(*access_token)};
}

void Grants::State::adopt(const std::shared_ptr<Holding>& holding, Adopted adopted) {
  if (adopted.grant.generation < holding->view().generation) return;  // a newer one came in meanwhile
  GrantFacts before = holding->facts();
  GrantFacts facts = facts_of(adopted.grant, before);
  if (adopted.life)
    facts = facts_of_new(adopted.life, parts.clock.steady(), calm_jitter(adopted.life), before);
  holding->replace(view_of(adopted.grant), std::move(adopted.access_token), facts);
}

}  // namespace hubward::grants
