// SPDX-License-Identifier: Apache-2.0
// Renewal: HubSpot, then the store, then memory, in that order (docs/connecting.md).
#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

// Real waits follow the gateway's clock: how far ahead `time` lies, from now.
Deadline real_deadline(SteadyPoint time, SteadyPoint now) {
  return after(time - now);
}

}  // namespace

Async<void> Grants::State::run(std::shared_ptr<State> self) {
  const Clock& clock = self->parts.clock;
  SteadyPoint next_sweep = clock.steady();
  while (!self->stopping) {
    if (clock.steady() >= next_sweep) {
      co_await self->sweep();
      next_sweep = clock.steady() + sweep_interval;
      continue;
    }
    self->start_due();
    SteadyPoint next = std::min(next_sweep, self->schedule_.earliest().value_or(next_sweep));
    co_await self->changed.wait(real_deadline(next, clock.steady()));
  }
}

Async<void> Grants::State::sweep() {
  Result<void> swept = co_await parts.database.commit(delete_expired(parts.clock.now()));
  if (!swept) parts.log.failed(telemetry::Level::Warning, "grants.sweep_failed", swept.error());
}

void Grants::State::reschedule(const std::shared_ptr<Holding>& holding) {
  schedule_.set(holding, next_renewal(holding->facts()));
  start_due();
  changed.notify();
}

void Grants::State::start_due() {
  while (!stopping && active_ < most_renewals) {
    std::shared_ptr<Holding> due = schedule_.take_due(parts.clock.steady());
    if (!due) return;
    due->begin_renewal(parts.clock.steady());
    ++active_;
    parts.loop.spawn(renew(shared_from_this(), std::move(due)));
  }
}

// The first parameter keeps this state alive for as long as the renewal runs.
Async<void> Grants::State::renew(std::shared_ptr<State> /*self*/, std::shared_ptr<Holding> holding) {
  Renewal renewal = co_await attempt(holding->view());
  co_await settle(holding, std::move(renewal));
  --active_;
  if (find(holding->name)) reschedule(holding);
}

Async<Grants::State::Renewal> Grants::State::attempt(ConnectionView held) {
  // Always from what is stored: another holder of the store may have renewed it already.
  Result<std::optional<StoredGrant>> row = co_await stored(held.name);
  if (!row) co_return trouble(row.error());
  if (!*row) co_return Gone();
  StoredGrant grant = std::move(**row);
  if (grant.generation > held.generation && grant.state != ConnectionState::Dead) {
    Result<Adopted> newer = co_await opened(std::move(grant));
    if (!newer) co_return trouble(newer.error());
    co_return std::move(*newer);
  }
  AppSnapshot its_app = app(grant.app);
  if (!its_app)
    co_return trouble("the configuration has no app named " + grant.app.text,
                      "Add the app to the configuration again, or disconnect the connection.");
  if (its_app->client_id != grant.client_id)
    co_return trouble("the grant was made with another client id than app " + grant.app.text + " has now",
                      "Put the old client id back, or connect the account again with the new one.");
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(grant.key);
  if (!key) co_return trouble(key.error());
  Result<std::optional<Secret>> refresh_token = open_refresh_token(grant, **key);
  if (!refresh_token) co_return trouble(refresh_token.error());
  if (!*refresh_token) co_return trouble("there is no refresh token", "Connect the account again.");
  co_return co_await ask_hubspot(std::move(its_app), std::move(grant), std::move(**refresh_token));
}

// With the app as it was when the grant was found to be its own: a reload may have taken it away since.
Async<Grants::State::Renewal> Grants::State::ask_hubspot(AppSnapshot its_app, StoredGrant grant,
                                                         Secret refresh_token) {
  OauthCaller hubspot = caller(std::move(its_app));
  Secret asked_with = refresh_token.clone();
  hubspot::OauthOutcome<hubspot::Granted> outcome = co_await hubspot.refresh(std::move(asked_with));
  Verdict verdict = verdict_on(outcome);
  Failed failed = trouble(std::move(verdict.cause), std::move(verdict.next_step));
  failed.at_least = verdict.at_least;
  switch (verdict.kind) {
    case Verdict::Kind::Renewed: break;
    case Verdict::Kind::DeadToken: co_return co_await call_dead(std::move(grant), std::move(failed));
    case Verdict::Kind::Trouble: co_return std::move(failed);
  }
  hubspot::Granted granted = std::move(std::get<hubspot::Granted>(outcome));
  if (granted.hub_id && *granted.hub_id != grant.hub_id)
    co_return trouble("HubSpot answered with a token of another account",
                      "The token was thrown away. Connect the account again if this stays.");
  co_return co_await make_durable(std::move(grant), std::move(granted), std::move(refresh_token));
}

// The new token is used only once it is stored: whoever comes after a crash finds it.
Async<Grants::State::Renewal> Grants::State::make_durable(StoredGrant before, hubspot::Granted granted,
                                                          Secret refresh_token) {
  StoredGrant next = before;
  next.generation = before.generation + 1;
  next.obtained_at = parts.clock.now();
  next.expires_at = next.obtained_at + granted.expires_in;
  next.state = ConnectionState::Connected;
  next.last_trouble.reset();
  if (!granted.scopes.empty()) next.scopes = std::move(granted.scopes);
  if (granted.refresh_token) refresh_token = std::move(*granted.refresh_token);

  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(next.key);
  if (!key) co_return trouble(key.error());
  Result<void> sealed = seal_tokens(next, **key, granted.access_token, &refresh_token);
  if (!sealed) co_return trouble(sealed.error());
  Result<void> committed = co_await commit_new(next);
  if (committed) co_return Adopted{std::move(next), std::move(granted.access_token)};
  Failed failed = trouble(committed.error());
  if (committed.error().code != "STORE_CONFLICT") co_return std::move(failed);
  co_return co_await newest_or(std::move(before), std::move(failed));
}

Async<Result<void>> Grants::State::commit_new(const StoredGrant& grant) {
  std::chrono::milliseconds wait = first_commit_wait;
  for (unsigned tries = 1;; ++tries, wait *= 2) {
    Result<void> committed = co_await parts.database.commit(replace_grant(grant, grant.generation - 1));
    if (committed || committed.error().retry == Retry::Never || tries == commit_tries) co_return committed;
    co_await sleep_until(after(wait));
  }
}

// Somebody else may have stored a newer grant meanwhile: that one counts.
Async<Grants::State::Renewal> Grants::State::newest_or(StoredGrant known, Failed failed) {
  Result<std::optional<StoredGrant>> row = co_await stored(known.name);
  if (!row) co_return trouble(row.error());
  if (!*row) co_return Gone();
  if ((*row)->generation == known.generation) co_return std::move(failed);
  Result<Adopted> newer = co_await opened(std::move(**row));
  if (!newer) co_return trouble(newer.error());
  co_return std::move(*newer);
}

// HubSpot says the refresh token is worth nothing. That holds only for the newest one stored, and is only
// then written down, by compare-and-set like any other change.
Async<Grants::State::Renewal> Grants::State::call_dead(StoredGrant grant, Failed failed) {
  StoredGrant dead = grant;
  dead.state = ConnectionState::Dead;
  dead.last_trouble = failed.trouble;
  Result<void> marked = co_await parts.database.commit(set_state(dead));
  if (!marked && marked.error().code != "STORE_CONFLICT") co_return trouble(marked.error());
  failed.state = ConnectionState::Dead;
  if (marked) co_return std::move(failed);
  failed.state = ConnectionState::Failing;
  co_return co_await newest_or(std::move(grant), std::move(failed));
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
  GrantFacts facts = facts_of(adopted.grant);
  holding->replace(view_of(adopted.grant), std::move(adopted.access_token), facts);
  failures_.erase(holding->name);
}

Async<void> Grants::State::settle(std::shared_ptr<Holding> holding, Renewal renewal) {
  // Disconnected meanwhile, and perhaps connected anew under the same name: no business of this renewal's.
  Result<Entry> entry = find(holding->name);
  if (!entry || entry->holding != holding) co_return;
  if (auto* adopted = std::get_if<Adopted>(&renewal)) {
    bool by_us = adopted->grant.generation == holding->view().generation + 1;
    (by_us ? renewed_ : adopted_).add();
    record("grant.renew", holding->name, {{"generation", std::to_string(adopted->grant.generation)}});
    adopt(holding, std::move(*adopted));
  } else if (auto* failed = std::get_if<Failed>(&renewal)) {
    co_await settle_trouble(holding, std::move(*failed));
  } else {
    record("grant.gone", holding->name, {});
    unpublish(holding->name);
  }
}

Async<void> Grants::State::settle_trouble(std::shared_ptr<Holding> holding, Failed failed) {
  bool dead = failed.state == ConnectionState::Dead;
  ConnectionView before = holding->view();
  bool news = before.state != failed.state || !before.last_trouble ||
              before.last_trouble->cause != failed.trouble.cause;
  (dead ? died_ : troubled_).add();
  unsigned failures = ++failures_[holding->name];
  std::chrono::milliseconds wait = std::max(back_off(failures, chance()), failed.at_least);
  holding->set_trouble(failed.state, failed.trouble, parts.clock.steady() + wait);
  if (news)
    record(dead ? "grant.dead" : "grant.trouble", holding->name,
           {{"cause", failed.trouble.cause}, {"generation", std::to_string(before.generation)}});
  if (!news || dead) co_return;
  // For whoever looks at the store alone; the state in memory is what counts here.
  StoredGrant shown;
  shown.name = holding->name;
  shown.generation = before.generation;
  shown.state = failed.state;
  shown.last_trouble = failed.trouble;
  Result<void> kept = co_await parts.database.commit(set_state(shown));
  if (!kept) parts.log.failed(telemetry::Level::Warning, "grants.state_not_stored", kept.error());
}

Grants::State::Failed Grants::State::trouble(std::string cause, std::string next_step) const {
  Failed failed;
  failed.trouble = {parts.clock.now(), std::move(cause), std::move(next_step)};
  return failed;
}

Grants::State::Failed Grants::State::trouble(const Error& error) const {
  return trouble(error.message, error.retry == Retry::Later
                                    ? "Nothing to do: it is tried again."
                                    : "The grant is kept; mend the cause, and it is used again.");
}

Async<Result<ConnectionView>> Grants::State::renew_now(ConnectionName connection, Deadline deadline) {
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  std::shared_ptr<Holding> holding = entry->holding;
  ConnectionView before = holding->view();
  if (before.kind == GrantKind::Static)
    co_return invalid("NOT_RENEWABLE",
                      "connection " + connection.text + " has a static token; store a new one instead");
  std::shared_ptr<Signal> newer = holding->watch(parts.loop);
  if (!holding->facts().in_flight) {
    schedule_.set(holding, SteadyPoint::min());
    start_due();
  }
  bool ended = co_await newer->wait(deadline);
  if (!ended) holding->stop_waiting(newer);
  ConnectionView now = holding->view();
  if (now.generation > before.generation) co_return now;
  std::string cause = now.last_trouble ? now.last_trouble->cause : "it was not done in time";
  co_return failure("GRANT_UNAVAILABLE", Fault::HubSpot, Retry::Later,
                    "connection " + connection.text + " was not renewed: " + cause);
}

}  // namespace hubward::grants
