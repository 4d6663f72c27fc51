// SPDX-License-Identifier: Apache-2.0
// Keeping a grant that came in: from HubSpot's consent page (installing.cpp) or as a static token
// (static_tokens.cpp).
#include <algorithm>
#include <iterator>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "store/database.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

// Between reading what is stored and storing what is new somebody may come first: then both are done again.
constexpr unsigned keep_tries = 4;

Result<void> same_owner(const StoredGrant& before, const FreshGrant& fresh) {
  if (before.app != fresh.app->name)
    return invalid("APP_MISMATCH", "connection " + before.name.text + " belongs to app " + before.app.text +
                                       "; choose another name or disconnect it first");
  if (before.hub_id != fresh.hub_id)
    return invalid("ACCOUNT_MISMATCH", "connection " + before.name.text + " is pinned to account " +
                                           std::to_string(before.hub_id.number) + ", but this is account " +
                                           std::to_string(fresh.hub_id.number));
  return {};
}

std::unexpected<Error> already_connected(const StoredGrant& before) {
  return invalid("ALREADY_CONNECTED", "account " + std::to_string(before.hub_id.number) +
                                          " is connected already, as \"" + before.name.text + "\"");
}

// Everything but the seals.
StoredGrant row_of(const FreshGrant& fresh, TimePoint now) {
  StoredGrant grant;
  grant.name = fresh.connection;
  grant.app = fresh.app->name;
  grant.kind = fresh.kind;
  grant.hub_id = fresh.hub_id;
  grant.region = fresh.region;
  grant.connected_at = now;
  grant.generation = 1;
  grant.client_id = fresh.kind == GrantKind::Oauth ? fresh.app->client_id : std::string();
  grant.scopes = fresh.scopes;
  grant.obtained_at = now;
  if (fresh.expires_in) grant.expires_at = now + *fresh.expires_in;
  grant.token = fresh.token;
  return grant;
}

}  // namespace

Async<Result<std::optional<StoredGrant>>> Grants::State::stored(ConnectionName connection) {
  Result<std::vector<store::Row>> rows = co_await parts.database.query(select_grant(connection));
  if (!rows) co_return while_doing("reading connection " + connection.text, rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return grant_from(rows->front());
}

Async<Result<ConnectionView>> Grants::State::keep(FreshGrant fresh) {
  const Secret* refresh_token = fresh.refresh_token ? &*fresh.refresh_token : nullptr;
  Result<void> committed;
  StoredGrant grant;
  std::vector<std::string> scopes_before;
  for (unsigned tries = 0; tries < keep_tries; ++tries) {
    Result<std::optional<StoredGrant>> before = co_await stored(fresh.connection);
    if (!before) co_return std::unexpected(before.error());
    std::vector<store::Statement> transaction = fresh.also;
    grant = row_of(fresh, parts.clock.now());
    vault::DataKeyHandle key;
    if (*before && fresh.only_new) co_return already_connected(**before);
    if (*before) {
      Result<void> same = same_owner(**before, fresh);
      if (!same) co_return std::unexpected(same.error());
      Result<vault::DataKeyHandle> known = co_await parts.vault.data_key((*before)->key);
      if (!known) co_return std::unexpected(known.error());
      key = std::move(*known);
      grant.generation = (*before)->generation + 1;
      grant.connected_at = (*before)->connected_at;
      scopes_before = std::move((*before)->scopes);
    } else {
      Result<vault::NewDataKey> made = co_await parts.vault.make_data_key(fresh.connection);
      if (!made) co_return std::unexpected(made.error());
      key = std::move(made->key);
      std::ranges::move(made->statements, std::back_inserter(transaction));
    }
    grant.key = key->id();
    Result<void> sealed = seal_tokens(grant, *key, fresh.access_token, refresh_token);
    if (!sealed) co_return std::unexpected(sealed.error());
    std::ranges::move(*before ? replace_grant(grant, (*before)->generation) : insert_grant(grant),
                      std::back_inserter(transaction));
    committed = co_await parts.database.commit(std::move(transaction));
    if (committed || committed.error().code != "STORE_CONFLICT") break;
  }
  if (!committed) co_return while_doing("storing connection " + fresh.connection.text, committed.error());

  compare_scopes(grant, scopes_before);
  bool is_new = grant.generation == 1;
  std::vector<journal::Field> details = {{"app", grant.app.text},
                                         {"kind", std::string(to_text(grant.kind))},
                                         {"account", std::to_string(grant.hub_id.number)},
                                         {"generation", std::to_string(grant.generation)}};
  if (is_new) details.push_back({"to", "connected"});
  Result<Entry> entry = find(grant.name);
  ConnectionView view = view_of(grant);
  std::shared_ptr<Holding> holding;
  if (entry) {
    holding = entry->holding;
    adopt(holding, {std::move(grant), std::move(fresh.access_token)});
  } else {
    GrantFacts facts = facts_of(grant);
    holding = std::make_shared<Holding>(view, std::move(fresh.access_token), facts);
    publish(holding);
  }
  record_change(is_new ? "grant.connect" : "grant.reconnect", holding, std::move(details));
  reschedule(holding);
  co_return view;
}

}  // namespace hubward::grants
