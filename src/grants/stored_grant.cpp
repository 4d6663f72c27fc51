// SPDX-License-Identifier: Apache-2.0
#include "grants/stored_grant.hpp"

#include "core/ascii.hpp"
#include "grants/grants.hpp"
#include "store/database.hpp"

namespace hubward::grants {
namespace {

constexpr std::string_view create_tables = R"sql(
CREATE TABLE connections (
  name TEXT PRIMARY KEY,
  app TEXT NOT NULL,
  kind INTEGER NOT NULL,
  hub_id INTEGER NOT NULL,
  region TEXT NOT NULL,
  state INTEGER NOT NULL,
  connected_at INTEGER NOT NULL,
  trouble_at INTEGER,
  trouble_cause TEXT NOT NULL,
  trouble_next_step TEXT NOT NULL
) STRICT;
CREATE TABLE grants (
  connection TEXT PRIMARY KEY REFERENCES connections (name) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  data_key TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  obtained_at INTEGER NOT NULL,
  expires_at INTEGER,
  access_token BLOB NOT NULL,
  refresh_token BLOB
) STRICT;
CREATE TABLE invites (
  hash BLOB PRIMARY KEY,
  connection TEXT NOT NULL,
  app TEXT NOT NULL,
  account INTEGER,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE TABLE installs (
  state_hash BLOB PRIMARY KEY,
  invite_hash BLOB NOT NULL,
  app TEXT NOT NULL,
  browser_hash BLOB NOT NULL,
  redirect_uri TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX installs_by_invite ON installs (invite_hash, expires_at);
)sql";

constexpr std::string_view create_departed = R"sql(
CREATE TABLE departed (
  name TEXT PRIMARY KEY,
  app TEXT NOT NULL,
  kind INTEGER NOT NULL,
  hub_id INTEGER NOT NULL,
  region TEXT NOT NULL,
  connected_at INTEGER NOT NULL,
  departed_at INTEGER NOT NULL,
  departed_by TEXT NOT NULL
) STRICT;
)sql";

const std::string_view migrations[] = {create_tables, create_departed, create_static_tokens};

const std::string grant_columns =
    "SELECT c.name, c.app, c.kind, c.hub_id, c.region, c.state, c.connected_at, c.trouble_at, "
    "c.trouble_cause, "
    "c.trouble_next_step, g.generation, g.data_key, g.client_id, g.scopes, g.obtained_at, g.expires_at, "
    "g.access_token, g.refresh_token, " +
    std::string(static_columns) +
    " FROM connections c JOIN grants g ON g.connection = c.name "
    "LEFT JOIN static_tokens t ON t.connection = c.name";
constexpr std::size_t first_static_column = 18;

constexpr std::string_view departed_columns =
    "SELECT name, app, kind, hub_id, region, connected_at, departed_at, departed_by FROM departed";

using store::bytes_at, store::integer_at, store::null_at, store::text_at;
using store::Statement;
using store::Value;

Value value(std::string_view text) {
  return std::string(text);
}
Value value(TimePoint time) {
  return to_millis(time);
}
Value value(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
Value value(const Bytes& bytes) {
  return bytes;
}
template <class T>
Value value(const std::optional<T>& maybe) {
  return maybe ? value(*maybe) : Value(nullptr);
}
Value account_value(const std::optional<HubId>& account) {
  return account ? value(account->number) : Value(nullptr);
}
std::optional<TimePoint> time_at(const store::Row& row, std::size_t column) {
  if (null_at(row, column)) return std::nullopt;
  return from_millis(integer_at(row, column));
}
std::uint64_t number_at(const store::Row& row, std::size_t column) {
  return static_cast<std::uint64_t>(integer_at(row, column));
}

// A number that means nothing to us was not written by us: such a connection is not used until it is
// connected again.
ConnectionState state_at(const store::Row& row, std::size_t column) {
  std::int64_t number = integer_at(row, column);
  bool known = number >= 0 && number <= static_cast<std::int64_t>(ConnectionState::Dead);
  return known ? static_cast<ConnectionState>(number) : ConnectionState::Dead;
}
GrantKind kind_at(const store::Row& row, std::size_t column) {
  return integer_at(row, column) == static_cast<std::int64_t>(GrantKind::Oauth) ? GrantKind::Oauth
                                                                                : GrantKind::Static;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view word : split(text, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

vault::Place place(const StoredGrant& grant, std::string_view column) {
  return {.table = "grants", .row = grant.name.text, .column = column, .generation = grant.generation};
}

std::vector<Value> trouble_values(const StoredGrant& grant) {
  if (!grant.last_trouble) return {nullptr, value(""), value("")};
  return {value(grant.last_trouble->at), value(grant.last_trouble->cause),
          value(grant.last_trouble->next_step)};
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result.append(result.empty() ? "" : " ").append(word);
  return result;
}

store::Schema schema() {
  return {"grants", migrations};
}

Statement select_grants() {
  return {grant_columns + " ORDER BY c.name"};
}
Statement select_static_grants() {
  return {grant_columns + " WHERE c.kind = ? ORDER BY c.name",
          {static_cast<std::int64_t>(GrantKind::Static)}};
}
Statement select_grant(const ConnectionName& connection) {
  return {grant_columns + " WHERE c.name = ?", {value(connection.text)}};
}

StoredGrant grant_from(const store::Row& row) {
  StoredGrant grant;
  grant.name = {text_at(row, 0)};
  grant.app = {text_at(row, 1)};
  grant.kind = kind_at(row, 2);
  grant.hub_id = {number_at(row, 3)};
  grant.region = text_at(row, 4);
  grant.state = state_at(row, 5);
  grant.connected_at = from_millis(integer_at(row, 6));
  if (std::optional<TimePoint> at = time_at(row, 7))
    grant.last_trouble = LastTrouble{*at, text_at(row, 8), text_at(row, 9)};
  grant.generation = number_at(row, 10);
  grant.key = {text_at(row, 11)};
  grant.client_id = text_at(row, 12);
  grant.scopes = words_of(text_at(row, 13));
  grant.obtained_at = from_millis(integer_at(row, 14));
  grant.expires_at = time_at(row, 15);
  grant.access_token = bytes_at(row, 16);
  if (!null_at(row, 17)) grant.refresh_token = bytes_at(row, 17);
  grant.token = static_from(row, first_static_column);
  return grant;
}

std::vector<Statement> insert_grant(const StoredGrant& grant) {
  std::vector<Value> trouble = trouble_values(grant);
  Statement connection{
      "INSERT INTO connections (name, app, kind, hub_id, region, state, connected_at, trouble_at, "
      "trouble_cause, "
      "trouble_next_step) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {value(grant.name.text), value(grant.app.text), static_cast<std::int64_t>(grant.kind),
       value(grant.hub_id.number), value(grant.region), static_cast<std::int64_t>(grant.state),
       value(grant.connected_at), trouble[0], trouble[1], trouble[2]}};
  Statement tokens{
      "INSERT INTO grants (connection, generation, data_key, client_id, scopes, obtained_at, expires_at, "
      "access_token, refresh_token) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {value(grant.name.text), value(grant.generation), value(grant.key.text), value(grant.client_id),
       value(joined(grant.scopes)), value(grant.obtained_at), value(grant.expires_at),
       value(grant.access_token), value(grant.refresh_token)}};
  Statement is_back{"DELETE FROM departed WHERE name = ?", {value(grant.name.text)}};
  std::vector<Statement> statements{std::move(connection), std::move(tokens), std::move(is_back)};
  if (grant.token) statements.push_back(put_static(grant.name, *grant.token));
  return statements;
}

std::vector<Statement> replace_grant(const StoredGrant& grant, std::uint64_t generation_before) {
  Statement tokens{
      "UPDATE grants SET generation = ?, client_id = ?, scopes = ?, obtained_at = ?, expires_at = ?, "
      "access_token = ?, refresh_token = ? WHERE connection = ? AND generation = ? AND data_key = ?",
      {value(grant.generation), value(grant.client_id), value(joined(grant.scopes)), value(grant.obtained_at),
       value(grant.expires_at), value(grant.access_token), value(grant.refresh_token), value(grant.name.text),
       value(generation_before), value(grant.key.text)},
      1};
  std::vector<Value> trouble = trouble_values(grant);
  Statement connection{
      "UPDATE connections SET region = ?, state = ?, trouble_at = ?, trouble_cause = ?, trouble_next_step = "
      "? "
      "WHERE name = ? AND hub_id = ?",
      {value(grant.region), static_cast<std::int64_t>(grant.state), trouble[0], trouble[1], trouble[2],
       value(grant.name.text), value(grant.hub_id.number)},
      1};
  std::vector<Statement> statements{std::move(tokens), std::move(connection)};
  if (grant.token) statements.push_back(put_static(grant.name, *grant.token));
  return statements;
}

std::vector<Statement> set_state(const StoredGrant& grant) {
  std::vector<Value> trouble = trouble_values(grant);
  return {
      {"UPDATE connections SET state = ?, trouble_at = ?, trouble_cause = ?, trouble_next_step = ? "
       "WHERE name = ? AND EXISTS (SELECT 1 FROM grants WHERE connection = ? AND generation = ? AND data_key "
       "= ?)",
       {static_cast<std::int64_t>(grant.state), trouble[0], trouble[1], trouble[2], value(grant.name.text),
        value(grant.name.text), value(grant.generation), value(grant.key.text)},
       1}};
}

std::vector<Statement> delete_grant(const ConnectionName& connection, TimePoint now, const Actor& actor) {
  return {{"INSERT OR REPLACE INTO departed SELECT name, app, kind, hub_id, region, connected_at, ?, ? FROM "
           "connections WHERE name = ?",
           {value(now), value(actor.text), value(connection.text)}},
          {"DELETE FROM grants WHERE connection = ?", {value(connection.text)}},
          {"DELETE FROM connections WHERE name = ?", {value(connection.text)}, 1},
          {"DELETE FROM installs WHERE invite_hash IN (SELECT hash FROM invites WHERE connection = ?)",
           {value(connection.text)}},
          {"DELETE FROM invites WHERE connection = ?", {value(connection.text)}}};
}

Statement select_departed() {
  return {std::string(departed_columns) + " ORDER BY name"};
}
Statement select_departed(const ConnectionName& connection) {
  return {std::string(departed_columns) + " WHERE name = ?", {value(connection.text)}};
}
ConnectionView departed_from(const store::Row& row) {
  ConnectionView view;
  view.name = {text_at(row, 0)};
  view.app = {text_at(row, 1)};
  view.kind = kind_at(row, 2);
  view.hub_id = {number_at(row, 3)};
  view.region = text_at(row, 4);
  view.connected_at = from_millis(integer_at(row, 5));
  view.state = ConnectionState::Disconnected;
  std::string how = view.kind == GrantKind::Oauth ? "invite " : "add ";
  view.last_trouble = {from_millis(integer_at(row, 6)), "it was disconnected by " + text_at(row, 7),
                       "To connect the account again: hubward connection " + how + view.name.text +
                           " --app " + view.app.text + "."};
  return view;
}

Result<void> seal_tokens(StoredGrant& grant, const vault::DataKey& key, const Secret& access_token,
                         const Secret* refresh_token) {
  Result<Bytes> access = key.seal(place(grant, "access_token"), access_token.reveal());
  if (!access) return std::unexpected(access.error());
  grant.access_token = std::move(*access);
  grant.refresh_token.reset();
  if (refresh_token == nullptr) return {};
  Result<Bytes> refresh = key.seal(place(grant, "refresh_token"), refresh_token->reveal());
  if (!refresh) return std::unexpected(refresh.error());
  grant.refresh_token = std::move(*refresh);
  return {};
}

Result<Secret> open_access_token(const StoredGrant& grant, const vault::DataKey& key) {
  return key.open(place(grant, "access_token"), grant.access_token);
}

Result<std::optional<Secret>> open_refresh_token(const StoredGrant& grant, const vault::DataKey& key) {
  if (!grant.refresh_token) return std::nullopt;
  Result<Secret> opened = key.open(place(grant, "refresh_token"), *grant.refresh_token);
  if (!opened) return std::unexpected(opened.error());
  return std::optional(std::move(*opened));
}

std::vector<vault::SealedValue> sealed_values(const StoredGrant& grant) {
  std::vector<vault::SealedValue> values{
      {"grants", grant.name.text, "access_token", grant.generation, grant.access_token}};
  if (grant.refresh_token)
    values.push_back({"grants", grant.name.text, "refresh_token", grant.generation, *grant.refresh_token});
  if (!grant.token) return values;
  if (grant.token->next)
    values.push_back(
        {"static_tokens", grant.name.text, "next_token", grant.generation, grant.token->next->sealed});
  if (grant.token->previous)
    values.push_back({"static_tokens", grant.name.text, "previous_token", grant.generation,
                      grant.token->previous->sealed});
  return values;
}

ConnectionView view_of(const StoredGrant& grant) {
  ConnectionView view;
  view.name = grant.name;
  view.app = grant.app;
  view.kind = grant.kind;
  view.hub_id = grant.hub_id;
  view.region = grant.region;
  view.state = grant.state;
  view.scopes = grant.scopes;
  view.generation = grant.generation;
  view.connected_at = grant.connected_at;
  view.renewed_at = grant.obtained_at;
  view.expires_at = grant.expires_at;
  view.last_trouble = grant.last_trouble;
  if (grant.token) view.token = view_of(*grant.token);
  return view;
}

Statement insert_invite(const StoredInvite& invite) {
  return {"INSERT INTO invites (hash, connection, app, account, expires_at) VALUES (?, ?, ?, ?, ?)",
          {value(invite.hash), value(invite.connection.text), value(invite.app.text),
           account_value(invite.account), value(invite.expires_at)}};
}
std::vector<Statement> insert_open_invite(const StoredInvite& invite) {
  Statement make_room{
      "DELETE FROM invites WHERE hash IN (SELECT hash FROM invites WHERE connection = '' AND used_at IS NULL "
      "ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      {most_open_invites - 1}};
  return {std::move(make_room), insert_invite(invite)};
}
Statement select_invite(const Bytes& hash) {
  return {"SELECT hash, connection, app, account, expires_at, used_at FROM invites WHERE hash = ?",
          {value(hash)}};
}
StoredInvite invite_from(const store::Row& row) {
  StoredInvite invite;
  invite.hash = bytes_at(row, 0);
  invite.connection = {text_at(row, 1)};
  invite.app = {text_at(row, 2)};
  if (!null_at(row, 3)) invite.account = HubId{number_at(row, 3)};
  invite.expires_at = from_millis(integer_at(row, 4));
  invite.used_at = time_at(row, 5);
  return invite;
}
Statement use_invite(const Bytes& hash, TimePoint now) {
  return {"UPDATE invites SET used_at = ? WHERE hash = ? AND used_at IS NULL", {value(now), value(hash)}, 1};
}

std::vector<Statement> insert_install(const StoredInstall& install) {
  Statement make_room{
      "DELETE FROM installs WHERE state_hash IN (SELECT state_hash FROM installs WHERE invite_hash = ? "
      "ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      {value(install.invite_hash), open_installs_per_invite - 1}};
  Statement insert{
      "INSERT INTO installs (state_hash, invite_hash, app, browser_hash, redirect_uri, expires_at) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      {value(install.state_hash), value(install.invite_hash), value(install.app.text),
       value(install.browser_hash), value(install.redirect_uri), value(install.expires_at)}};
  return {std::move(make_room), std::move(insert)};
}
Statement select_install(const Bytes& state_hash) {
  return {
      "SELECT state_hash, invite_hash, app, browser_hash, redirect_uri, expires_at FROM installs "
      "WHERE state_hash = ?",
      {value(state_hash)}};
}
StoredInstall install_from(const store::Row& row) {
  return {bytes_at(row, 0), bytes_at(row, 1), {text_at(row, 2)},
          bytes_at(row, 3), text_at(row, 4),  from_millis(integer_at(row, 5))};
}
Statement consume_install(const Bytes& state_hash) {
  return {"DELETE FROM installs WHERE state_hash = ?", {value(state_hash)}, 1};
}

std::vector<Statement> delete_expired(TimePoint now) {
  return {{"DELETE FROM installs WHERE expires_at < ?", {value(now)}},
          {"DELETE FROM invites WHERE expires_at < ?", {value(now - invite_memory)}},
          {"DELETE FROM departed WHERE departed_at < ?", {value(now - departed_memory)}}};
}

}  // namespace hubward::grants
