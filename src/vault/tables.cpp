// SPDX-License-Identifier: Apache-2.0
#include "vault/tables.hpp"

#include <array>
#include <utility>

#include "vault/vault.hpp"

namespace hubward::vault {
namespace {

// A released step is never edited; a change is a step of its own.
constexpr std::string_view create_tables = R"sql(
CREATE TABLE vault_root_keys (
  id    TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('current', 'next', 'retiring', 'retired')),
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vault_one_root_key ON vault_root_keys (state) WHERE state IN ('current', 'next');

CREATE TABLE vault_keys (
  id         TEXT NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL,
  connection TEXT NOT NULL,
  created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vault_system_keys ON vault_keys (purpose) WHERE purpose <> 'connection';
CREATE INDEX vault_keys_of_connection ON vault_keys (connection);

CREATE TABLE vault_wraps (
  key      TEXT NOT NULL,
  root_key TEXT NOT NULL,
  wrapped  BLOB NOT NULL,
  PRIMARY KEY (key, root_key)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<std::string_view, 1> migrations = {create_tables};

}  // namespace

store::Schema schema() {
  return {.room = "vault", .migrations = migrations};
}

namespace tables {

using State = RootKeyStatus::State;

store::Statement select_root_keys() {
  return {"SELECT id, state, since FROM vault_root_keys ORDER BY state <> 'current', since DESC, id"};
}

Result<std::vector<RootKeyStatus>> root_keys_from(const std::vector<store::Row>& rows) {
  std::vector<RootKeyStatus> root_keys;
  for (const store::Row& row : rows) {
    std::optional<State> state = root_key_state(store::text_at(row, 1));
    if (!state)
      return failure("VAULT_DAMAGED", Fault::Store, Retry::Never,
                     "vault_root_keys has a row of an unknown state: restore the store from a backup");
    root_keys.push_back({{store::text_at(row, 0)}, *state, from_millis(store::integer_at(row, 2))});
  }
  return root_keys;
}

WrappedKey wrapped_key_from(const store::Row& row) {
  return {{store::text_at(row, 0), store::text_at(row, 1), store::text_at(row, 2)},
          {store::text_at(row, 3)},
          store::bytes_at(row, 4)};
}

store::Statement select_system_keys(const keys::RootKeyId& root) {
  return {
      "SELECT k.id, k.purpose, k.connection, w.root_key, w.wrapped FROM vault_keys k "
      "JOIN vault_wraps w ON w.key = k.id WHERE k.purpose <> 'connection' AND w.root_key = ?",
      {root.text}};
}

store::Statement select_data_key(const DataKeyId& id) {
  return {
      "SELECT k.id, k.purpose, k.connection, w.root_key, w.wrapped FROM vault_keys k "
      "JOIN vault_wraps w ON w.key = k.id WHERE k.id = ? AND k.purpose = 'connection'",
      {id.text}};
}

store::Statement select_keys_of(const ConnectionName& connection) {
  return {"SELECT id FROM vault_keys WHERE connection = ? AND purpose = 'connection'", {connection.text}};
}

store::Statement select_wraps_of(const ConnectionName& connection) {
  return {
      "SELECT k.id, k.purpose, k.connection, w.root_key, w.wrapped FROM vault_keys k "
      "JOIN vault_wraps w ON w.key = k.id WHERE k.connection = ? AND k.purpose = 'connection' "
      "ORDER BY k.id, w.root_key",
      {connection.text}};
}

store::Statement select_keys_to_rewrap(const keys::RootKeyId& from, const keys::RootKeyId& to,
                                       std::int64_t limit) {
  return {
      "SELECT k.id, k.purpose, k.connection, w.root_key, w.wrapped FROM vault_keys k "
      "JOIN vault_wraps w ON w.key = k.id AND w.root_key = ?1 "
      "WHERE NOT EXISTS (SELECT 1 FROM vault_wraps n WHERE n.key = k.id AND n.root_key = ?2) LIMIT ?3",
      {from.text, to.text, limit}};
}

store::Statement count_keys_without(const keys::RootKeyId& root) {
  return {
      "SELECT count(*) FROM vault_keys k "
      "WHERE NOT EXISTS (SELECT 1 FROM vault_wraps w WHERE w.key = k.id AND w.root_key = ?)",
      {root.text}};
}

store::Statement count_keys() {
  return {
      "SELECT count(*) FILTER (WHERE purpose = 'connection'), "
      "count(DISTINCT connection) FILTER (WHERE purpose = 'connection'), count(*) FROM vault_keys"};
}

store::Statement insert_root_key(const keys::RootKeyId& root, State state, TimePoint now) {
  return {"INSERT INTO vault_root_keys (id, state, since) VALUES (?, ?, ?)",
          {root.text, std::string(to_text(state)), to_millis(now)}};
}

std::vector<store::Statement> insert_key(const keys::KeyBinding& binding, const keys::RootKeyId& root,
                                         Bytes wrapped, TimePoint now) {
  return {{"INSERT INTO vault_keys (id, purpose, connection, created) VALUES (?, ?, ?, ?)",
           {binding.key_id, binding.purpose, binding.connection, to_millis(now)}},
          // A wrap under a root key that was replaced meanwhile would be lost with it.
          {"INSERT INTO vault_wraps (key, root_key, wrapped) SELECT ?1, ?2, ?3 "
           "WHERE EXISTS (SELECT 1 FROM vault_root_keys WHERE id = ?2 AND state = 'current')",
           {binding.key_id, root.text, std::move(wrapped)},
           1}};
}

store::Statement insert_rewrap(const std::string& key_id, const keys::RootKeyId& to, Bytes wrapped) {
  return {
      "INSERT INTO vault_wraps (key, root_key, wrapped) SELECT ?1, ?2, ?3 "
      "WHERE EXISTS (SELECT 1 FROM vault_keys WHERE id = ?1) "
      "AND EXISTS (SELECT 1 FROM vault_root_keys WHERE id = ?2 AND state = 'next')",
      {key_id, to.text, std::move(wrapped)}};
}

std::vector<store::Statement> delete_keys_of(const ConnectionName& connection) {
  return {{"DELETE FROM vault_wraps WHERE key IN "
           "(SELECT id FROM vault_keys WHERE connection = ? AND purpose = 'connection')",
           {connection.text}},
          {"DELETE FROM vault_keys WHERE connection = ? AND purpose = 'connection'", {connection.text}}};
}

std::vector<store::Statement> delete_keys_of(const ConnectionName& connection, std::int64_t wraps) {
  std::vector<store::Statement> statements = delete_keys_of(connection);
  statements.front().must_change = wraps;
  return statements;
}

std::vector<store::Statement> begin_rotation(const keys::RootKeyId& to, TimePoint now) {
  // Nothing depends yet on the root key of an earlier rotation that was never finished.
  return {{"DELETE FROM vault_wraps WHERE root_key IN (SELECT id FROM vault_root_keys WHERE state = 'next')"},
          {"DELETE FROM vault_root_keys WHERE state = 'next'"},
          insert_root_key(to, State::Next, now)};
}

std::vector<store::Statement> switch_root_key(const keys::RootKeyId& from, const keys::RootKeyId& to,
                                              TimePoint now) {
  return {{"UPDATE vault_root_keys SET state = 'retiring', since = ?3 WHERE id = ?1 AND state = 'current' "
           "AND NOT EXISTS (SELECT 1 FROM vault_keys k WHERE NOT EXISTS "
           "(SELECT 1 FROM vault_wraps w WHERE w.key = k.id AND w.root_key = ?2))",
           {from.text, to.text, to_millis(now)},
           1},
          {"UPDATE vault_root_keys SET state = 'current', since = ?2 WHERE id = ?1 AND state = 'next'",
           {to.text, to_millis(now)},
           1}};
}

std::vector<store::Statement> clear_retiring(TimePoint now) {
  return {
      {"DELETE FROM vault_wraps WHERE root_key IN (SELECT id FROM vault_root_keys WHERE state = 'retiring')"},
      {"UPDATE vault_root_keys SET state = 'retired', since = ? WHERE state = 'retiring'", {to_millis(now)}}};
}

}  // namespace tables
}  // namespace hubward::vault
