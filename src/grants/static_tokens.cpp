// SPDX-License-Identifier: Apache-2.0
// Private-app tokens and service keys: storing one, replacing one while both live, ending that, and the
// calendar.
#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "grants/hubspot_says.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "vault/shred_proof.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

// Between reading what is stored and storing what is new somebody may come first: then both are done again.
constexpr unsigned switch_tries = 4;

vault::Place place_of(const StoredGrant& grant, std::string_view column) {
  return {.table = "static_tokens", .row = grant.name.text, .column = column, .generation = grant.generation};
}

Result<void> may_store(const ConnectionName& connection, const App* app, const AppName& app_name,
                       const Secret& token, std::optional<TimePoint> created, TimePoint now) {
  if (!is_connection_name(connection.text))
    return invalid("NAME_REFUSED",
                   "a connection's name is 1 to 64 letters, digits, '-', '_' and '.', and begins with "
                   "a letter or digit");
  if (app == nullptr) return invalid("APP_UNKNOWN", "the configuration has no app named " + app_name.text);
  if (app->kind != App::Kind::Private)
    return invalid("APP_KIND", "app " + app_name.text +
                                   " is an OAuth app: connect an account with hubward connection invite");
  if (!hubspot::looks_like_token(token.reveal_text()))
    return invalid("TOKEN_REFUSED",
                   "what was given is no token: a private-app token or service key is one line "
                   "that begins with \"pat-\"");
  if (created && *created > now)
    return invalid("CREATED_REFUSED", "the day on which the token was made lies in the future");
  return {};
}

std::string time_or_never(const std::optional<TimePoint>& time) {
  return time ? to_iso8601(*time) : "never";
}

}  // namespace

Async<Result<Grants::State::Introduced>> Grants::State::introduced(AppSnapshot its_app, Secret token) {
  OauthCaller hubspot = caller(std::move(its_app));
  Secret asked_about = token.clone();
  hubspot::OauthOutcome<hubspot::TokenFacts> answer =
      co_await hubspot.static_token_info(std::move(asked_about));
  Result<hubspot::TokenFacts> facts = value_or_reason("asking HubSpot what the token is", std::move(answer));
  if (!facts) co_return std::unexpected(facts.error());
  hubspot::OauthOutcome<hubspot::AccountDetails> account = co_await hubspot.account_details(std::move(token));
  Result<hubspot::AccountDetails> details =
      value_or_reason("asking HubSpot about the account", std::move(account));
  if (!details) co_return std::unexpected(details.error());
  if (details->hub_id != facts->hub_id)
    co_return failure("HUBSPOT_REFUSED", Fault::HubSpot, Retry::Never,
                      "HubSpot names two different accounts for this token");
  co_return Introduced{facts->hub_id, details->region, std::move(facts->scopes), facts->user_id,
                       facts->app_id};
}

Async<Result<ConnectionView>> Grants::State::connect_static(ConnectionName connection, AppName app_name,
                                                            Secret token, Actor actor,
                                                            std::optional<TimePoint> created) {
  TimePoint now = parts.clock.now();
  AppSnapshot its_app = app(app_name);
  Result<void> allowed = may_store(connection, its_app.get(), app_name, token, created, now);
  if (!allowed) co_return std::unexpected(allowed.error());
  Result<std::optional<StoredGrant>> before = co_await stored(connection);
  if (!before) co_return std::unexpected(before.error());
  if (*before && (*before)->app != app_name)
    co_return invalid("APP_MISMATCH", "connection " + connection.text + " belongs to app " +
                                          (*before)->app.text +
                                          "; choose another name or disconnect it first");
  record("grant.static_token", connection, {{"by", actor.text}});
  TokenBirth birth{created.value_or(now), created.has_value()};
  Secret asked_about = token.clone();
  Result<Introduced> facts = co_await introduced(its_app, std::move(asked_about));
  if (!facts) {
    bool may_wait = *before && facts.error().retry == Retry::Later;
    if (!may_wait) co_return std::unexpected(facts.error());
    co_return co_await let_wait(std::move(**before), std::move(token), birth, facts.error().message);
  }
  if (*before) co_return co_await switch_token(connection, std::move(token), birth, std::move(*facts));
  FreshGrant fresh;
  fresh.connection = connection;
  fresh.app = its_app;
  fresh.kind = GrantKind::Static;
  fresh.hub_id = facts->hub_id;
  fresh.region = facts->region;
  fresh.scopes = std::move(facts->scopes);
  fresh.access_token = std::move(token);
  fresh.token = StoredStatic{.birth = birth, .user_id = facts->user_id, .app_id = facts->app_id};
  co_return co_await keep(std::move(fresh));
}

// Beside the present token, until HubSpot can be asked.
Async<Result<ConnectionView>> Grants::State::let_wait(StoredGrant row, Secret token, TokenBirth birth,
                                                      std::string why) {
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(row.key);
  if (!key) co_return std::unexpected(key.error());
  Result<Bytes> sealed = (*key)->seal(place_of(row, "next_token"), token.reveal());
  if (!sealed) co_return std::unexpected(sealed.error());
  StoredStatic facts = row.token.value_or(StoredStatic{.birth = {row.obtained_at, false}});
  facts.next = StoredStatic::Next{std::move(*sealed), birth, parts.clock.now(), why};
  std::vector<store::Statement> transaction{same_generation(row.name, row.generation, row.key.text),
                                            put_static(row.name, facts)};
  Result<void> kept = co_await parts.database.commit(std::move(transaction));
  if (!kept) co_return while_doing("storing the token of connection " + row.name.text, kept.error());
  record("grant.token_waits", row.name, {{"cause", why}});
  Result<Entry> entry = find(row.name);
  if (!entry) co_return std::unexpected(entry.error());
  row.token = std::move(facts);
  Result<Adopted> open = co_await opened(std::move(row));
  if (!open) co_return std::unexpected(open.error());
  adopt(entry->holding, std::move(*open));
  reschedule(entry->holding);
  co_return entry->holding->view();
}

// A token that HubSpot honours, in place of the present one, which is kept beside it.
Async<Result<ConnectionView>> Grants::State::switch_token(ConnectionName connection, Secret token,
                                                          TokenBirth birth, Introduced facts) {
  Result<void> committed;
  StoredGrant next;
  for (unsigned tries = 0; tries < switch_tries; ++tries) {
    Result<std::optional<StoredGrant>> row = co_await stored(connection);
    if (!row) co_return std::unexpected(row.error());
    if (!*row) co_return invalid("CONNECTION_UNKNOWN", "connection " + connection.text + " was disconnected");
    if ((*row)->hub_id != facts.hub_id)
      co_return invalid("ACCOUNT_MISMATCH", "connection " + connection.text + " is pinned to account " +
                                                std::to_string((*row)->hub_id.number) +
                                                ", but this is account " +
                                                std::to_string(facts.hub_id.number));
    next = std::move(**row);
    std::uint64_t generation_before = next.generation;
    Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(next.key);
    if (!key) co_return std::unexpected(key.error());
    Result<Secret> present = open_access_token(next, **key);
    if (!present) co_return std::unexpected(present.error());
    StoredStatic was = next.token.value_or(StoredStatic{.birth = {next.obtained_at, false}});
    next.state = ConnectionState::Connected;
    next.last_trouble.reset();
    next.region = facts.region;
    next.scopes = facts.scopes;
    if (present->same_as(token)) {
      // Nothing new but what is known of it.
      if (birth.stated) was.birth = birth, was.warned.reset();
      was.user_id = facts.user_id;
      was.app_id = facts.app_id;
      next.token = std::move(was);
    } else {
      ++next.generation;
      next.obtained_at = parts.clock.now();
      Result<void> sealed = seal_tokens(next, **key, token, nullptr);
      if (!sealed) co_return std::unexpected(sealed.error());
      Result<Bytes> old = (*key)->seal(place_of(next, "previous_token"), present->reveal());
      if (!old) co_return std::unexpected(old.error());
      next.token = StoredStatic{.birth = birth, .user_id = facts.user_id, .app_id = facts.app_id};
      next.token->previous = StoredStatic::Previous{std::move(*old), was.birth, next.obtained_at, 0, {}};
    }
    committed = co_await parts.database.commit(replace_grant(next, generation_before));
    if (committed || committed.error().code != "STORE_CONFLICT") break;
  }
  if (!committed)
    co_return while_doing("storing the token of connection " + connection.text, committed.error());
  record("grant.switch", connection,
         {{"generation", std::to_string(next.generation)}, {"created", to_iso8601(birth.at)}});
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  ConnectionView view = view_of(next);
  adopt(entry->holding, {std::move(next), std::move(token)});
  reschedule(entry->holding);
  co_return view;
}

// --- The end of a rotation ---

Async<Result<void>> Grants::State::destroy_previous(StoredGrant row) {
  row.token->previous.reset();
  std::vector<store::Statement> transaction{same_generation(row.name, row.generation, row.key.text),
                                            put_static(row.name, *row.token)};
  Result<void> committed = co_await parts.database.commit(std::move(transaction));
  if (!committed) co_return committed;
  if (Result<Entry> entry = find(row.name)) entry->holding->show_token(row.generation, view_of(*row.token));
  // The key lives on, so nothing is shredded; it empties the store's log, where the old token lay, sealed.
  co_return co_await parts.vault.finish_shredding(row.name);
}

Async<Result<Disconnected>> Grants::State::finish_rotation(ConnectionName connection, Actor actor) {
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  co_await flush_uses(entry->holding);
  Result<std::optional<StoredGrant>> found = co_await stored(connection);
  if (!found) co_return std::unexpected(found.error());
  if (*found && (*found)->token && (*found)->token->next)
    co_return invalid("TOKEN_WAITS", "the new token of connection " + connection.text +
                                         " has not taken over yet: " + (*found)->token->next->trouble);
  if (!*found || !(*found)->token || !(*found)->token->previous)
    co_return invalid("NOTHING_TO_FINISH",
                      "connection " + connection.text + " has no old token beside its present one");
  StoredGrant row = std::move(**found);
  StoredStatic::Previous old = *row.token->previous;

  Disconnected report;
  report.remains.push_back("since the switch at " + to_iso8601(old.switched_at) +
                           " the old token was used by " + std::to_string(old.uses) +
                           " calls through this gateway, last " + time_or_never(old.used_at) +
                           "; calls that go past the gateway cannot be seen");
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(row.key);
  Result<Secret> token = key ? (*key)->open(place_of(row, "previous_token"), old.sealed)
                             : Result<Secret>(std::unexpected(key.error()));
  if (token && entry->app) {
    Result<Introduced> alive = co_await introduced(entry->app, std::move(*token));
    if (alive)
      report.remains.push_back(
          "HubSpot still honours the old token, until " + to_iso8601(old.switched_at + token_overlap) +
          " at the latest if it was rotated to expire later: end it in the app's settings there");
    else if (alive.error().retry == Retry::Never)
      report.done.emplace_back("HubSpot no longer honours the old token");
    else
      report.remains.push_back("whether HubSpot still honours the old token is not known (" +
                               alive.error().message + ")");
  }
  Result<void> destroyed = co_await destroy_previous(row);
  if (!destroyed && destroyed.error().code == "STORE_CONFLICT")
    co_return failure("STORE_CONFLICT", Fault::Store, Retry::Later,
                      "connection " + connection.text + " changed meanwhile: finish again");
  std::vector<Bytes> wanted;
  wanted.push_back(old.sealed);
  vault::ShredCheck gone = co_await vault::prove_gone(parts.vault, std::move(wanted));
  if (destroyed && gone.holds)
    report.done.push_back("the old token was destroyed here (" + gone.detail + ")");
  else
    report.not_done.push_back("the old token may still lie in the store, sealed: " +
                              (destroyed ? gone.detail : destroyed.error().message));
  record("grant.rotation_finished", connection,
         {{"by", actor.text},
          {"old_uses", std::to_string(old.uses)},
          {"old_used_at", time_or_never(old.used_at)}});
  co_return report;
}

// --- HubSpot's word about the owner ---

Async<void> Grants::State::owner_missing(std::shared_ptr<State> self, ConnectionName connection,
                                         std::uint64_t generation) {
  Result<Entry> entry = self->find(connection);
  if (!entry) co_return;
  ConnectionView view = entry->holding->view();
  if (view.generation != generation || !view.token || view.token->owner_missing_at) co_return;
  auto noted = std::make_shared<StaticTokenView>(*view.token);
  noted->owner_missing_at = self->parts.clock.now();
  entry->holding->show_token(generation, noted);
  self->record("grant.owner_missing", connection,
               {{"user", view.token->user_id ? std::to_string(*view.token->user_id) : "unknown"}});
  self->parts.log.error("grant.owner_missing",
                        {{"connection", connection},
                         {"next_step",
                          "HubSpot says USER_DOES_NOT_HAVE_PERMISSIONS: let another super admin rotate the "
                          "token, then hubward connection rotate"}});
  std::vector<store::Statement> transaction{
      {"UPDATE static_tokens SET owner_missing_at = ? WHERE connection = ? "
       "AND (SELECT generation FROM grants WHERE connection = ?2) = ?3",
       {to_millis(*noted->owner_missing_at), connection.text, static_cast<std::int64_t>(generation)}}};
  Result<void> kept = co_await self->parts.database.commit(std::move(transaction));
  if (!kept) self->parts.log.failed(telemetry::Level::Warning, "grants.owner_not_stored", kept.error());
}

// --- Now and then ---

Async<void> Grants::State::flush_uses(std::shared_ptr<Holding> holding) {
  for (const Holding::Uses& uses : holding->take_uses()) {
    TimePoint last = parts.clock.now() -
                     std::chrono::duration_cast<std::chrono::milliseconds>(parts.clock.steady() - uses.last);
    Result<void> kept =
        co_await parts.database.commit(add_uses(holding->name, uses.generation, uses.count, last));
    if (!kept) parts.log.failed(telemetry::Level::Warning, "grants.uses_not_stored", kept.error());
  }
}

Async<void> Grants::State::sweep_static() {
  std::map<ConnectionName, std::shared_ptr<Holding>> held;
  std::shared_ptr<const Directory> now = directory();
  for (const auto& [name, entry] : now->entries)
    if (entry.holding->kind == GrantKind::Static) held.emplace(name, entry.holding);
  if (held.empty()) co_return;
  for (const auto& [name, holding] : held) co_await flush_uses(holding);
  Result<std::vector<store::Row>> rows = co_await parts.database.query(select_static_grants());
  if (!rows) {
    parts.log.failed(telemetry::Level::Warning, "grants.sweep_failed", rows.error());
    co_return;
  }
  for (const store::Row& row : *rows) {
    StoredGrant grant = grant_from(row);
    auto found = held.find(grant.name);
    if (found == held.end()) continue;
    std::shared_ptr<Holding> holding = std::move(found->second);
    held.erase(found);
    co_await sweep_one(std::move(holding), std::move(grant));
  }
  // Their rows were there when they came into the directory: another process let them go.
  for (const auto& [name, holding] : held) {
    Result<Entry> entry = find(name);
    if (!entry || entry->holding != holding) continue;
    record("grant.gone", name, {});
    unpublish(name);
    Result<void> shredded = co_await parts.vault.finish_shredding(name);
    if (!shredded) parts.log.failed(telemetry::Level::Warning, "grants.not_forgotten", shredded.error());
  }
}

Async<void> Grants::State::sweep_one(std::shared_ptr<Holding> holding, StoredGrant row) {
  Result<Entry> entry = find(row.name);
  if (!entry || entry->holding != holding || !row.token) co_return;
  TimePoint now = parts.clock.now();
  if (row.generation > holding->view().generation) {
    StoredGrant newer = row;
    Result<Adopted> open = co_await opened(std::move(newer));
    if (!open) {
      parts.log.failed(telemetry::Level::Warning, "grants.not_adopted", open.error(),
                       {{"connection", row.name}});
      co_return;
    }
    record("grant.adopt", row.name, {{"generation", std::to_string(row.generation)}});
    adopt(holding, std::move(*open));
    reschedule(holding);
  } else {
    holding->show_token(row.generation, view_of(*row.token));
  }
  if (std::optional<int> days = fresh_warning(row.token->birth, now, row.token->warned)) {
    std::vector<store::Statement> transaction;
    transaction.push_back(set_warned(row.name, row.token->warned, *days));
    Result<void> ours = co_await parts.database.commit(std::move(transaction));
    if (ours) {
      record("grant.token_due", row.name,
             {{"days_left", std::to_string(days_left(row.token->birth, now))},
              {"due", to_iso8601(due_at(row.token->birth))},
              {"created", row.token->birth.stated ? "stated" : "assumed"}});
      parts.log.warning("grant.token_due",
                        {{"connection", row.name}, {"sentence", calendar_sentence(row.token->birth, now)}});
    }
    row.token->warned = *days;
  }
  if (row.token->previous && now >= row.token->previous->switched_at + token_overlap) {
    std::string uses = std::to_string(row.token->previous->uses);
    ConnectionName name = row.name;
    Result<void> destroyed = co_await destroy_previous(std::move(row));
    if (destroyed)
      record("grant.old_token_ended", name, {{"old_uses", uses}});
    else
      parts.log.failed(telemetry::Level::Warning, "grants.old_token_not_ended", destroyed.error(),
                       {{"connection", name}});
  }
}

Async<Result<ConnectionView>> Grants::connect_static(ConnectionName connection, AppName app, Secret token,
                                                     Actor actor, std::optional<TimePoint> created) {
  return state_->connect_static(std::move(connection), std::move(app), std::move(token), std::move(actor),
                                created);
}

Async<Result<Disconnected>> Grants::finish_rotation(ConnectionName connection, Actor actor) {
  return state_->finish_rotation(std::move(connection), std::move(actor));
}

}  // namespace hubward::grants
