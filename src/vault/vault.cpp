// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.hpp"

#include <set>
#include <utility>

#include "async/await.hpp"
#include "core/invariant.hpp"
#include "crypto/digest.hpp"
#include "vault/rotation.hpp"
#include "vault/vault_state.hpp"

namespace hubward::vault {
namespace {

// A key is read again when a shredding or the end of a rotation came between; more than a few in a row is not
// bad luck.
constexpr int read_attempts = 8;

using SharedState = std::shared_ptr<Vault::State>;

std::shared_ptr<DataKey> unwrapped(const SharedState& state, DataKeyId id, ConnectionName connection,
                                   Secret key) {
  return std::make_shared<DataKey>(std::move(id), std::move(connection), std::move(key), state->random,
                                   state->openings);
}

Async<Result<NewDataKey>> make_data_key_of(SharedState state, ConnectionName connection) {
  keys::KeyBinding binding{crypto::uuid4(state->random), std::string(tables::for_connection),
                           connection.text};
  Secret key = crypto::random_secret(state->random, crypto::digest_size);
  SharedProvider root = state->root_keys.current();
  Secret to_wrap = key.clone();
  Result<Bytes> wrapped = co_await root->wrap(std::move(to_wrap), binding);
  if (!wrapped) co_return std::unexpected(std::move(wrapped.error()));

  auto statements = tables::insert_key(binding, root->id(), std::move(*wrapped), state->clock.now());
  auto handle = unwrapped(state, {binding.key_id}, std::move(connection), std::move(key));
  state->cache.know(handle);
  co_return NewDataKey{std::move(handle), std::move(statements)};
}

// One attempt: the key; null when it must be read again; or why there is none.
Async<Result<std::shared_ptr<DataKey>>> read_data_key(SharedState state, DataKeyId id) {
  std::uint64_t shreddings = state->cache.shreddings();
  store::Statement select = tables::select_data_key(id);
  Result<std::vector<store::Row>> rows = co_await state->database.query(std::move(select));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  if (rows->empty())
    co_return failure("DATA_KEY_UNKNOWN", Fault::Store, Retry::Never,
                      "the store has no data key " + id.text + ": it was shredded, or the store was changed");

  for (const store::Row& row : *rows) {
    tables::WrappedKey wrapped = tables::wrapped_key_from(row);
    SharedProvider root = state->root_keys.find(wrapped.root_key);
    if (!root) continue;
    Result<Secret> key = co_await root->unwrap(std::move(wrapped.wrapped), wrapped.binding);
    if (!key)
      co_return while_doing("the data key of connection " + wrapped.binding.connection,
                            std::move(key.error()));
    co_return state->cache.keep(
        unwrapped(state, std::move(id), {wrapped.binding.connection}, std::move(*key)), shreddings);
  }
  co_return nullptr;
}

Async<Result<DataKeyHandle>> data_key_of(SharedState state, DataKeyId id) {
  for (int attempt = 0; attempt < read_attempts; ++attempt) {
    if (auto known = state->cache.find(id)) co_return known;
    Result<std::shared_ptr<DataKey>> read = co_await read_data_key(state, id);
    if (!read) co_return std::unexpected(std::move(read.error()));
    if (*read) co_return *read;
  }
  co_return failure(
      "VAULT_DAMAGED", Fault::Store, Retry::Never,
      "data key " + id.text + " is not wrapped by the current root key: restore the store from a backup");
}

Async<Result<void>> finish_shredding_of(SharedState state, ConnectionName connection) {
  store::Statement select = tables::select_keys_of(connection);
  Result<std::vector<store::Row>> rows = co_await state->database.query(std::move(select));
  // When the store cannot say which keys remain, every handle is closed: those that do remain are read anew.
  std::set<DataKeyId> remaining;
  if (rows)
    for (const store::Row& row : *rows) remaining.insert({store::text_at(row, 0)});
  state->cache.shred(connection, remaining);
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  Result<void> emptied = co_await empty_log(state);
  if (!emptied)
    co_return while_doing(
        "the data key of connection " + connection.text +
            " is shredded, but the write-ahead log was not emptied and may still hold it, wrapped",
        std::move(emptied.error()));
  co_return emptied;
}

Async<Result<RotationReport>> rotate(SharedState state, std::unique_ptr<keys::KeyProvider> next) {
  if (state->rotating.exchange(true))
    co_return failure("ROTATION_UNDERWAY", Fault::Caller, Retry::Later,
                      "the root key is being rotated already: see `hubward keys status`");
  // Also when the task is dropped half-way.
  std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> underway(
      &state->rotating, [](std::atomic<bool>* flag) { flag->store(false); });
  Rotation rotation(state, std::move(next));
  for (;;) {
    Result<Rotation::Step> step = co_await rotation.step();
    if (!step) co_return std::unexpected(std::move(step.error()));
    if (*step == Rotation::Step::Done) co_return rotation.report();
  }
}

}  // namespace

SharedProvider RootKeys::current() const {
  std::scoped_lock lock(mutex_);
  return current_;
}

SharedProvider RootKeys::find(const keys::RootKeyId& id) const {
  std::scoped_lock lock(mutex_);
  for (const SharedProvider& provider : providers_)
    if (provider->id() == id) return provider;
  return nullptr;
}

void RootKeys::add(SharedProvider provider) {
  std::scoped_lock lock(mutex_);
  std::erase_if(providers_, [&](const SharedProvider& known) { return known->id() == provider->id(); });
  providers_.push_back(std::move(provider));
}

void RootKeys::make_current(const keys::RootKeyId& id) {
  SharedProvider provider = find(id);
  invariant(provider != nullptr, "only a root key that is known becomes current");
  std::scoped_lock lock(mutex_);
  current_ = std::move(provider);
}

void RootKeys::drop_all_but_current() {
  std::scoped_lock lock(mutex_);
  std::erase_if(providers_, [&](const SharedProvider& provider) { return provider != current_; });
}

Async<Result<void>> empty_log(SharedState state) {
  if (!state->disk)
    co_return failure("VAULT_CLOSED", Fault::Us, Retry::Never,
                      "the gateway is stopping: the write-ahead log was not emptied");
  auto outcome = std::make_shared<Result<void>>();
  // The thread must not be the last to hold the state, which waits for the thread's end.
  Result<void> ran =
      co_await state->disk->run([&database = state->database, outcome] { *outcome = database.checkpoint(); });
  if (!ran) co_return ran;
  co_return std::move(*outcome);
}

Vault::Vault(SharedState state) : state_(std::move(state)) {}

// Coroutines may keep the state for longer, but the database goes soon: what its thread does ends here.
Vault::~Vault() {
  state_->disk.reset();
}

const Secret& Vault::client_key_pepper() const {
  return state_->client_key_pepper;
}
const Secret& Vault::state_key() const {
  return state_->state_key;
}
const Secret& Vault::journal_key() const {
  return state_->journal_key;
}
const Secret& Vault::inbox_key() const {
  return state_->inbox_key;
}

const Openings& Vault::openings() const {
  return *state_->openings;
}

Async<Result<NewDataKey>> Vault::make_data_key(ConnectionName connection) {
  return make_data_key_of(state_, std::move(connection));
}

Async<Result<DataKeyHandle>> Vault::data_key(DataKeyId id) {
  return data_key_of(state_, std::move(id));
}

std::vector<store::Statement> Vault::shred_statements(const ConnectionName& connection) const {
  return tables::delete_keys_of(connection);
}

Async<Result<void>> Vault::finish_shredding(ConnectionName connection) {
  return finish_shredding_of(state_, std::move(connection));
}

Async<Result<RotationReport>> Vault::rotate_root(std::unique_ptr<keys::KeyProvider> next) {
  return rotate(state_, std::move(next));
}

Async<Result<KeyStatus>> Vault::status() const {
  return key_status(state_->database);
}

}  // namespace hubward::vault
