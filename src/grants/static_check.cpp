// SPDX-License-Identifier: Apache-2.0
// The renewal of a static token: nothing to renew, but to find out. In this order: a newer one that another
// process stored; one that waits to take over, if HubSpot honours it; then what HubSpot says of the present
// one. It is called dead only when HubSpot refused it to a call and says so again when asked; and it is asked
// about again, since nothing is spent by asking.
#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {

Async<void> Grants::State::check_static(std::shared_ptr<State> self, std::shared_ptr<Holding> holding) {
  co_await self->check(holding);
  --self->active_;
  if (self->find(holding->name)) self->reschedule(holding);
  self->changed.notify();
}

Async<void> Grants::State::check(std::shared_ptr<Holding> holding) {
  Result<std::optional<StoredGrant>> row = co_await stored(holding->name);
  Result<Entry> entry = find(holding->name);
  if (!entry || entry->holding != holding) co_return;  // disconnected meanwhile
  if (!row) co_return co_await fail_static(holding, std::nullopt, row.error());
  if (!*row) {
    record("grant.gone", holding->name, {});
    co_return unpublish(holding->name);
  }
  if ((*row)->generation > holding->view().generation) {
    Result<Adopted> newer = co_await opened(**row);
    if (!newer) co_return co_await fail_static(holding, std::move(*row), newer.error());
    record("grant.adopt", holding->name, {{"generation", std::to_string((*row)->generation)}});
    co_return adopt(holding, std::move(*newer));
  }
  if (!entry->app) {
    Error error{"APP_UNKNOWN", Fault::Us, Retry::Later,
                "the configuration has no app named " + (*row)->app.text};
    co_return co_await fail_static(holding, std::move(*row), std::move(error));
  }
  if ((*row)->token && (*row)->token->next) {
    bool switched = co_await try_waiting(entry->app, **row);
    if (switched) co_return;
  }
  co_await check_present(holding, entry->app, std::move(**row));
}

Async<bool> Grants::State::try_waiting(AppSnapshot its_app, StoredGrant row) {
  StoredStatic::Next& next = *row.token->next;
  vault::Place place{
      .table = "static_tokens", .row = row.name.text, .column = "next_token", .generation = row.generation};
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(row.key);
  Result<Secret> token =
      key ? (*key)->open(place, next.sealed) : Result<Secret>(std::unexpected(key.error()));
  std::string why;
  if (token) {
    Secret asked_about = token->clone();
    Result<Introduced> facts = co_await introduced(its_app, std::move(asked_about));
    if (facts) {
      Result<ConnectionView> switched =
          co_await switch_token(row.name, std::move(*token), next.birth, std::move(*facts));
      if (switched) co_return true;
      why = switched.error().message;
    } else {
      why = facts.error().message;
    }
  } else {
    why = token.error().message;
  }
  if (why == next.trouble) co_return false;
  next.trouble = why;
  record("grant.token_waits", row.name, {{"cause", why}});
  std::vector<store::Statement> transaction{same_generation(row.name, row.generation, row.key.text),
                                            put_static(row.name, *row.token)};
  Result<void> kept = co_await parts.database.commit(std::move(transaction));
  if (!kept) parts.log.failed(telemetry::Level::Warning, "grants.state_not_stored", kept.error());
  co_return false;
}

Async<void> Grants::State::check_present(std::shared_ptr<Holding> holding, AppSnapshot its_app,
                                         StoredGrant row) {
  Result<Adopted> open = co_await opened(row);
  if (!open) co_return co_await fail_static(holding, std::move(row), open.error());
  Secret asked_about = open->access_token.clone();
  Result<Introduced> facts = co_await introduced(std::move(its_app), std::move(asked_about));
  if (!facts) co_return co_await fail_static(holding, std::move(row), facts.error());
  // A switch or a disconnect meanwhile has the last word.
  Result<std::optional<StoredGrant>> again = co_await stored(row.name);
  if (!again) co_return co_await fail_static(holding, std::move(row), again.error());
  if (!*again || (*again)->generation != row.generation) co_return co_await check(holding);
  StoredGrant seen = std::move(**again);
  StoredStatic token = seen.token.value_or(StoredStatic{.birth = {seen.obtained_at, false}});
  bool is_news = seen.scopes != facts->scopes || token.user_id != facts->user_id ||
                 token.app_id != facts->app_id || seen.state != ConnectionState::Connected || !seen.token;
  seen.scopes = facts->scopes;
  token.user_id = facts->user_id;
  token.app_id = facts->app_id;
  seen.state = ConnectionState::Connected;
  seen.last_trouble.reset();
  seen.token = std::move(token);
  if (is_news) {
    Result<void> kept = co_await parts.database.commit(replace_grant(seen, seen.generation));
    if (!kept) parts.log.failed(telemetry::Level::Warning, "grants.state_not_stored", kept.error());
    record("grant.checked", seen.name, {{"generation", std::to_string(seen.generation)}});
  }
  adopt(holding, {std::move(seen), std::move(open->access_token)});
}

Async<void> Grants::State::fail_static(std::shared_ptr<Holding> holding, std::optional<StoredGrant> row,
                                       Error error) {
  ConnectionView before = holding->view();
  bool refused = error.code == "HUBSPOT_REFUSED" && holding->facts().rejected;
  Holding::Failure failure;
  failure.how = refused ? WithoutToken::Dead : WithoutToken::Trouble;
  failure.at_least = error.retry == Retry::Later ? std::chrono::milliseconds(0) : configuration_back_off;
  failure.trouble = {
      parts.clock.now(), error.message,
      error.retry == Retry::Later
          ? "Nothing to do: it is tried again."
          : "Look at the app's token at HubSpot; store a new one with hubward connection rotate " +
                holding->name.text + "."};
  holding->fail(std::move(failure), parts.clock.steady(), chance());
  ConnectionView after = holding->view();
  bool news =
      before.state != after.state || !before.last_trouble || before.last_trouble->cause != error.message;
  if (!news) co_return;
  record(refused ? "grant.dead" : "grant.trouble", holding->name,
         {{"cause", error.message}, {"generation", std::to_string(before.generation)}});
  if (!row) co_return;
  row->state = after.state;
  row->last_trouble = after.last_trouble;
  Result<void> kept = co_await parts.database.commit(set_state(*row));
  if (!kept) parts.log.failed(telemetry::Level::Warning, "grants.state_not_stored", kept.error());
}

}  // namespace hubward::grants
