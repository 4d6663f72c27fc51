// SPDX-License-Identifier: Apache-2.0
// The room's tables in vault.db and every statement on them (docs/formats/sealed.md says what the rows mean).
// Statements and rows are values; nothing here waits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "keys/key_provider.hpp"
#include "store/database.hpp"
#include "vault/data_key.hpp"
#include "vault/key_status.hpp"

namespace hubward::vault::tables {

// What a wrapped key is for, as it is stored and bound.
constexpr std::string_view for_connection = "connection";
constexpr std::string_view for_canary = "canary";
constexpr std::string_view for_client_keys = "client key pepper";
constexpr std::string_view for_states = "state key";
constexpr std::string_view for_journal = "journal key";
constexpr std::string_view for_inbox = "inbox key";

// Every root key that the store knows, the current one first, then the newest.
store::Statement select_root_keys();
Result<std::vector<RootKeyStatus>> root_keys_from(const std::vector<store::Row>& rows);

// A wrapped key as select_* answer it.
struct WrappedKey {
  keys::KeyBinding binding;
  keys::RootKeyId root_key;
  Bytes wrapped;
};
WrappedKey wrapped_key_from(const store::Row& row);

store::Statement select_system_keys(const keys::RootKeyId& root);
store::Statement select_data_key(const DataKeyId& id);  // a row for each root key that wraps it
store::Statement select_keys_of(const ConnectionName& connection);
// A row for each root key that wraps each of them.
store::Statement select_wraps_of(const ConnectionName& connection);
// Keys that `from` wraps and `to` does not, at most `limit`.
store::Statement select_keys_to_rewrap(const keys::RootKeyId& from, const keys::RootKeyId& to,
                                       std::int64_t limit);
store::Statement count_keys_without(const keys::RootKeyId& root);  // one row, one number
store::Statement count_keys();  // one row: data keys, connections, all keys

store::Statement insert_root_key(const keys::RootKeyId& root, RootKeyStatus::State state, TimePoint now);
// A key and its wrap; refused (STORE_CONFLICT) unless `root` is the current root key.
std::vector<store::Statement> insert_key(const keys::KeyBinding& binding, const keys::RootKeyId& root,
                                         Bytes wrapped, TimePoint now);
// A second wrap; does nothing when the key was shredded meanwhile or the rotation is no longer going to `to`.
store::Statement insert_rewrap(const std::string& key_id, const keys::RootKeyId& to, Bytes wrapped);
std::vector<store::Statement> delete_keys_of(const ConnectionName& connection);
// The same, refused (STORE_CONFLICT) unless there are exactly so many wraps.
std::vector<store::Statement> delete_keys_of(const ConnectionName& connection, std::int64_t wraps);

// The three turns of a rotation, one transaction each.
std::vector<store::Statement> begin_rotation(const keys::RootKeyId& to, TimePoint now);
// Refused (STORE_CONFLICT) while any key is not wrapped by `to`.
std::vector<store::Statement> switch_root_key(const keys::RootKeyId& from, const keys::RootKeyId& to,
                                              TimePoint now);
std::vector<store::Statement> clear_retiring(TimePoint now);

}  // namespace hubward::vault::tables
