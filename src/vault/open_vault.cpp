// SPDX-License-Identifier: Apache-2.0
// Vault::open: what the program must find before it may use a store, and the sentences when it does not.
#include <algorithm>
#include <map>

#include "async/await.hpp"
#include "crypto/digest.hpp"
#include "vault/vault_state.hpp"

namespace hubward::vault {
namespace {

using SharedState = std::shared_ptr<Vault::State>;
using RootState = RootKeyStatus::State;

constexpr std::string_view restore = ": restore the store from a backup";

std::unexpected<Error> damaged(std::string what) {
  return failure("VAULT_DAMAGED", Fault::Store, Retry::Never, std::move(what) + std::string(restore));
}

std::unexpected<Error> wrong_root_key(std::string what) {
  return failure("ROOT_KEY_WRONG", Fault::Caller, Retry::Never, std::move(what));
}

// What the offered key is to a store whose current one is another.
std::unexpected<Error> not_current(const RootKeyStatus& current, const std::vector<RootKeyStatus>& known,
                                   const keys::RootKeyId& given) {
  std::string expected = current.id.text;
  auto found = std::ranges::find(known, given, &RootKeyStatus::id);
  if (found == known.end())
    return wrong_root_key("the root key given is " + given.text +
                          ", but this store was sealed under root key " + expected + " (since " +
                          to_iso8601(current.since) + "): give that one in root_key");
  if (found->state == RootState::Next)
    return wrong_root_key("a rotation to the root key given (" + given.text +
                          ") was begun and not finished: start with the one before it, " + expected +
                          ", and run `hubward keys rotate` again");
  return wrong_root_key("the root key given (" + given.text + ") was replaced by " + expected + " on " +
                        to_iso8601(current.since) + ": give that one in root_key");
}

// The store's root key among those offered.
Result<SharedProvider> choose_root_key(const SharedState& state, const std::vector<RootKeyStatus>& known,
                                       const std::vector<keys::RootKeyId>& offered) {
  if (known.empty() || known.front().state != RootState::Current)
    return damaged("the vault names no current root key");
  if (SharedProvider provider = state->root_keys.find(known.front().id)) return provider;
  return not_current(known.front(), known, offered.front());
}

// --- A store that has no vault yet ---

Async<Result<std::vector<store::Statement>>> new_system_key(SharedState state, SharedProvider root,
                                                            std::string_view purpose) {
  keys::KeyBinding binding{crypto::uuid4(state->random), std::string(purpose), ""};
  Secret key = crypto::random_secret(state->random, crypto::digest_size);
  Result<Bytes> wrapped = co_await root->wrap(std::move(key), binding);
  if (!wrapped) co_return std::unexpected(std::move(wrapped.error()));
  co_return tables::insert_key(binding, root->id(), std::move(*wrapped), state->clock.now());
}

Async<Result<void>> create_vault(SharedState state, SharedProvider root) {
  store::Statement count = tables::count_keys();
  Result<std::vector<store::Row>> keys = co_await state->database.query(std::move(count));
  if (!keys) co_return std::unexpected(std::move(keys.error()));
  if (keys->empty() || store::integer_at(keys->front(), 2) != 0)
    co_return damaged("the vault holds keys, but names no root key");

  std::vector<store::Statement> transaction = {
      tables::insert_root_key(root->id(), RootState::Current, state->clock.now())};
  for (std::string_view purpose : {tables::for_canary, tables::for_client_keys, tables::for_states,
                                   tables::for_journal, tables::for_inbox}) {
    auto statements = co_await new_system_key(state, root, purpose);
    if (!statements) co_return std::unexpected(std::move(statements.error()));
    std::ranges::move(*statements, std::back_inserter(transaction));
  }
  Result<void> committed = co_await state->database.commit(std::move(transaction));
  co_return committed;
}

// --- A store that has one ---

Async<Result<std::map<std::string, Secret>>> unwrap_system_keys(SharedState state, SharedProvider root) {
  store::Statement select = tables::select_system_keys(root->id());
  Result<std::vector<store::Row>> rows = co_await state->database.query(std::move(select));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::map<std::string, Secret> secrets;
  for (const store::Row& row : *rows) {
    tables::WrappedKey wrapped = tables::wrapped_key_from(row);
    std::string purpose = wrapped.binding.purpose;
    Result<Secret> key = co_await root->unwrap(std::move(wrapped.wrapped), std::move(wrapped.binding));
    if (!key && key.error().code == "WRAPPED_KEY_REFUSED")
      co_return damaged("the vault's " + purpose + " does not open under root key " + root->id().text +
                        ", though that is the store's root key");
    if (!key) co_return while_doing("the vault's " + purpose, std::move(key.error()));
    secrets.emplace(std::move(purpose), std::move(*key));
  }
  co_return secrets;
}

// A store of a version that received no webhooks has no inbox key yet. Nothing is sealed under it before it
// is durable, so that making it here loses nothing.
Async<Result<std::map<std::string, Secret>>> system_keys(SharedState state, SharedProvider root) {
  auto secrets = co_await unwrap_system_keys(state, root);
  if (!secrets || secrets->empty() || secrets->contains(std::string(tables::for_inbox))) co_return secrets;
  auto statements = co_await new_system_key(state, root, tables::for_inbox);
  if (!statements) co_return std::unexpected(std::move(statements.error()));
  Result<void> committed = co_await state->database.commit(std::move(*statements));
  if (!committed) co_return while_doing("making the inbox key", std::move(committed.error()));
  co_return co_await unwrap_system_keys(state, root);
}

Async<Result<void>> open_system_keys(SharedState state, SharedProvider root) {
  auto secrets = co_await system_keys(state, root);
  if (!secrets) co_return std::unexpected(std::move(secrets.error()));
  if (!secrets->contains(std::string(tables::for_canary)))
    co_return damaged("the vault's canary is missing, so root key " + root->id().text + " cannot be proved");
  const std::pair<std::string_view, Secret*> wanted[] = {{tables::for_client_keys, &state->client_key_pepper},
                                                         {tables::for_states, &state->state_key},
                                                         {tables::for_journal, &state->journal_key},
                                                         {tables::for_inbox, &state->inbox_key}};
  for (auto [purpose, secret] : wanted) {
    auto found = secrets->find(std::string(purpose));
    if (found == secrets->end() || found->second.size() != crypto::digest_size)
      co_return damaged("the vault's " + std::string(purpose) + " is missing");
    *secret = std::move(found->second);
  }
  co_return Result<void>{};
}

Async<Result<void>> check_wraps(SharedState state, keys::RootKeyId root) {
  store::Statement count = tables::count_keys_without(root);
  Result<std::vector<store::Row>> rows = co_await state->database.query(std::move(count));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::int64_t orphans = rows->empty() ? 0 : store::integer_at(rows->front(), 0);
  if (orphans == 0) co_return Result<void>{};
  co_return damaged(std::to_string(orphans) + " keys of the vault are not wrapped by the current root key " +
                    root.text);
}

// After a crash between a rotation's switch and its end, which needs no key.
Async<Result<void>> finish_rotation(SharedState state, std::vector<RootKeyStatus> known) {
  if (std::ranges::find(known, RootState::Retiring, &RootKeyStatus::state) == known.end())
    co_return Result<void>{};
  auto statements = tables::clear_retiring(state->clock.now());
  Result<void> cleared = co_await state->database.commit(std::move(statements));
  if (!cleared) co_return cleared;
  co_return co_await empty_log(state);
}

Async<Result<void>> open_state(SharedState state, std::vector<keys::RootKeyId> offered) {
  store::Statement select = tables::select_root_keys();
  Result<std::vector<store::Row>> rows = co_await state->database.query(select);
  if (rows && rows->empty()) {
    SharedProvider first = state->root_keys.find(offered.front());
    Result<void> created = co_await create_vault(state, first);
    if (!created) co_return while_doing("creating the vault", std::move(created.error()));
    rows = co_await state->database.query(select);
  }
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  Result<std::vector<RootKeyStatus>> known = tables::root_keys_from(*rows);
  if (!known) co_return std::unexpected(std::move(known.error()));

  Result<SharedProvider> root = choose_root_key(state, *known, offered);
  if (!root) co_return std::unexpected(std::move(root.error()));
  Result<void> opened = co_await open_system_keys(state, *root);
  if (!opened) co_return opened;
  Result<void> checked = co_await check_wraps(state, (*root)->id());
  if (!checked) co_return checked;
  state->root_keys.make_current((*root)->id());
  state->root_keys.drop_all_but_current();
  co_return co_await finish_rotation(state, std::move(*known));
}

}  // namespace

Async<Result<std::unique_ptr<Vault>>> Vault::open(Parts parts) {
  std::vector<keys::RootKeyId> offered;
  for (const auto& provider : parts.root_keys) offered.push_back(provider->id());
  if (offered.empty())
    co_return failure(
        "ROOT_KEY_MISSING", Fault::Caller, Retry::Never,
        "no root key was given, and nothing is sealed or opened without one: make one with `openssl "
        "rand -hex 32 > root.key && chmod 600 root.key`, keep it apart from the store, and name it "
        "in root_key as file:PATH, env:NAME or credential:NAME");
  auto state = std::make_shared<State>(std::move(parts));
  Result<void> opened = co_await open_state(state, std::move(offered));
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  co_return std::make_unique<Vault>(std::move(state));
}

}  // namespace hubward::vault
