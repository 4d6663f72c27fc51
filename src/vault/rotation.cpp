// SPDX-License-Identifier: Apache-2.0
#include "vault/rotation.hpp"

#include <algorithm>

#include "async/await.hpp"
#include "vault/vault_state.hpp"

namespace hubward::vault {
namespace {

// The switch is refused when a connection was added since the last look; nobody adds them this fast for long.
constexpr int most_refused_switches = 100;

using SharedState = std::shared_ptr<Vault::State>;
using State = RootKeyStatus::State;

std::unexpected<Error> reused(const keys::RootKeyId& id, std::string_view how) {
  return invalid("ROOT_KEY_REUSED", "root key " + id.text + " " + std::string(how) +
                                        ": make a new one with `openssl rand -hex 32`");
}

// The statement that gives one key its second wrap.
Async<Result<store::Statement>> rewrap(SharedProvider from, SharedProvider to, tables::WrappedKey old) {
  Result<Secret> key = co_await from->unwrap(std::move(old.wrapped), old.binding);
  if (!key)
    co_return while_doing(
        "rotation stops at the key of " +
            (old.binding.connection.empty() ? old.binding.purpose : "connection " + old.binding.connection),
        std::move(key.error()));
  Secret to_wrap = key->clone();
  Result<Bytes> wrapped = co_await to->wrap(std::move(to_wrap), old.binding);
  if (!wrapped) co_return std::unexpected(std::move(wrapped.error()));
  // The old wrap is going to be deleted on the strength of this one.
  Result<Secret> again = co_await to->unwrap(*wrapped, old.binding);
  if (!again) co_return std::unexpected(std::move(again.error()));
  if (!again->same_as(*key))
    co_return failure("WRAPPED_KEY_REFUSED", Fault::Us, Retry::Never,
                      "the next root key " + to->id().text + " gives back another key than it was given");
  co_return tables::insert_rewrap(old.binding.key_id, to->id(), std::move(*wrapped));
}

}  // namespace

Rotation::Rotation(SharedState vault, std::unique_ptr<keys::KeyProvider> next)
    : vault_(std::move(vault)), next_(std::move(next)) {
  report_ = {vault_->root_keys.current()->id(), next_->id(), 0};
}

Rotation::Rotation(const Vault& vault, std::unique_ptr<keys::KeyProvider> next)
    : Rotation(vault.state(), std::move(next)) {}

Async<Result<Rotation::Step>> Rotation::step() {
  store::Statement select = tables::select_root_keys();
  Result<std::vector<store::Row>> rows = co_await vault_->database.query(std::move(select));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  Result<std::vector<RootKeyStatus>> root_keys = tables::root_keys_from(*rows);
  if (!root_keys) co_return std::unexpected(std::move(root_keys.error()));

  auto known = std::ranges::find(*root_keys, next_->id(), &RootKeyStatus::id);
  if (known == root_keys->end()) co_return co_await begin();
  switch (known->state) {
    case State::Next: co_return co_await wrap_or_switch();
    case State::Retiring:
    case State::Retired: co_return reused(next_->id(), "was replaced before and is not used again");
    case State::Current: break;
  }
  if (std::ranges::find(*root_keys, State::Retiring, &RootKeyStatus::state) != root_keys->end())
    co_return co_await clear();
  if (!resumed_or_begun_) co_return reused(next_->id(), "is the current one already");
  co_return Step::Done;
}

Async<Result<Rotation::Step>> Rotation::begin() {
  auto statements = tables::begin_rotation(next_->id(), vault_->clock.now());
  Result<void> committed = co_await vault_->database.commit(std::move(statements));
  if (!committed) co_return std::unexpected(std::move(committed.error()));
  resumed_or_begun_ = true;
  co_return Step::Begun;
}

Async<Result<Rotation::Step>> Rotation::wrap_or_switch() {
  resumed_or_begun_ = true;
  SharedProvider current = vault_->root_keys.current();
  store::Statement select = tables::select_keys_to_rewrap(current->id(), next_->id(), keys_per_step);
  Result<std::vector<store::Row>> rows = co_await vault_->database.query(std::move(select));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  if (rows->empty()) co_return co_await switch_over();

  std::vector<store::Statement> statements;
  for (const store::Row& row : *rows) {
    tables::WrappedKey old = tables::wrapped_key_from(row);
    Result<store::Statement> statement = co_await rewrap(current, next_, std::move(old));
    if (!statement) co_return std::unexpected(std::move(statement.error()));
    statements.push_back(std::move(*statement));
  }
  std::size_t count = statements.size();
  Result<void> committed = co_await vault_->database.commit(std::move(statements));
  if (!committed) co_return std::unexpected(std::move(committed.error()));
  report_.rewrapped += count;
  co_return Step::Wrapped;
}

Async<Result<Rotation::Step>> Rotation::switch_over() {
  // Known before it is current: whoever reads a row of the new root key can use it at once.
  vault_->root_keys.add(next_);
  auto statements = tables::switch_root_key(report_.from, next_->id(), vault_->clock.now());
  Result<void> committed = co_await vault_->database.commit(std::move(statements));
  bool added_meanwhile = !committed && committed.error().code == "STORE_CONFLICT";
  if (added_meanwhile && ++switches_refused_ < most_refused_switches) co_return Step::Wrapped;
  if (!committed) co_return std::unexpected(std::move(committed.error()));
  vault_->root_keys.make_current(next_->id());
  co_return Step::Switched;
}

Async<Result<Rotation::Step>> Rotation::clear() {
  resumed_or_begun_ = true;
  // When an earlier run of this process was stopped between the switch and here.
  vault_->root_keys.add(next_);
  vault_->root_keys.make_current(next_->id());
  auto statements = tables::clear_retiring(vault_->clock.now());
  Result<void> committed = co_await vault_->database.commit(std::move(statements));
  if (!committed) co_return std::unexpected(std::move(committed.error()));
  vault_->root_keys.drop_all_but_current();
  Result<void> emptied = co_await empty_log(vault_);
  if (!emptied)
    co_return while_doing("the root key is rotated, but the write-ahead log was not emptied",
                          std::move(emptied.error()));
  co_return Step::Cleared;
}

}  // namespace hubward::vault
