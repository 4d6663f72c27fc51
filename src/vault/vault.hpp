// SPDX-License-Identifier: Apache-2.0
// Keeps secrets sealed at rest. Every connection has a data key of its own; data keys and the system's four
// secrets rest in vault.db wrapped by a root key that is never in the store (keys/key_provider.hpp); a
// canary, wrapped likewise, proves at start that the root key is the right one. Bytes, tables and what binds
// what: docs/formats/sealed.md. Rotation and shredding as an operator sees them: docs/keys.md.
//
// A connection and its key appear in one transaction, and disappear in one:
//   Result<NewDataKey> fresh = co_await vault.make_data_key(name);
//   …seal with fresh->key…; commit fresh->statements with the caller's own rows
//   …commit vault.shred_statements(name) with the caller's own deletions; co_await
//   vault.finish_shredding(name)
//
// Threads: any verb from any loop or thread; the coroutines resume where they were awaited. Opening with a
// DataKeyHandle is synchronous and needs no Vault. Unwrapped keys are cached, at most `data_key_cache_limit`.
//
// Errors: ROOT_KEY_MISSING, ROOT_KEY_WRONG, VAULT_DAMAGED (each says what to do), DATA_KEY_UNKNOWN,
// DATA_KEY_SHREDDED, ROTATION_UNDERWAY, ROOT_KEY_REUSED, and those of the store and the key provider.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "async/async.hpp"
#include "core/clock.hpp"
#include "core/named.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/random.hpp"
#include "keys/key_provider.hpp"
#include "vault/data_key.hpp"
#include "vault/key_status.hpp"

namespace hubward::store {
class Database;
struct Schema;
struct Statement;
}  // namespace hubward::store

namespace hubward::vault {

// 32 bytes each: 128 KiB of locked memory. Beyond it the least recently asked for is dropped and unwrapped
// anew.
constexpr std::size_t data_key_cache_limit = 4096;

// The tables of this room in vault.db, for store::Database::open.
store::Schema schema();

// What the vault is built from. Everything referred to outlives it.
struct Parts {
  store::Database& database;  // vault.db, with vault::schema()
  // The current root key; around a rotation also the other one. The store says which is current.
  std::vector<std::unique_ptr<keys::KeyProvider>> root_keys;
  crypto::Random& random;
  const Clock& clock;
  std::function<void(const Opening&)> on_opening = {};  // see vault/data_key.hpp
};

// A data key that exists once `statements` are committed. They refuse with STORE_CONFLICT when the root key
// was rotated meanwhile: make another.
struct NewDataKey {
  DataKeyHandle key;
  std::vector<store::Statement> statements;
};

class Vault {
 public:
  // Opens what the store holds, or refuses and says why. A store that has no vault yet gets one: the canary
  // and the system's secrets are drawn and wrapped in one transaction. A rotation that was cut short after
  // its switch is cleaned up.
  static Async<Result<std::unique_ptr<Vault>>> open(Parts parts);
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // The system's secrets, 32 bytes each. They survive a rotation of the root key.
  const Secret& client_key_pepper() const;  // client keys are stored as HMACs under it
  const Secret& state_key() const;          // one-time states, cookies, sessions
  const Secret& journal_key() const;        // keyed hashes in the journal
  const Secret& inbox_key() const;          // events of webhooks rest under it

  Async<Result<NewDataKey>> make_data_key(ConnectionName connection);
  // From the cache, or unwrapped from the store.
  Async<Result<DataKeyHandle>> data_key(DataKeyId id);

  // Remove every data key of the connection, to be committed with the removal of what they sealed.
  std::vector<store::Statement> shred_statements(const ConnectionName& connection) const;
  // After that commit: handles of keys that are gone refuse from now on, and the write-ahead log is emptied,
  // so that no file of the store holds the wrapped keys any more.
  Async<Result<void>> finish_shredding(ConnectionName connection);

  // Wraps everything with `next` instead, while calls go on; see vault/rotation.hpp for what a crash leaves.
  // The current provider is dropped at the end. To be spawned rather than awaited by something that may be
  // dropped: until a rotation that was dropped half-way is resumed, new data keys may be refused. Repeating
  // an interrupted rotation resumes it; naming another key instead abandons it.
  Async<Result<RotationReport>> rotate_root(std::unique_ptr<keys::KeyProvider> next);

  Async<Result<KeyStatus>> status() const;
  // How many sealed values were opened and refused since the start.
  const Openings& openings() const;

  // For this room's sources (vault/vault_state.hpp).
  struct State;
  explicit Vault(std::shared_ptr<State> state);
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace hubward::vault
