// SPDX-License-Identifier: Apache-2.0
#include "vault/shred_proof.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "vault/vault_state.hpp"

namespace hubward::vault {
namespace {

using SharedState = std::shared_ptr<Vault::State>;

std::string counted(std::size_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + " " + std::string(number == 1 ? one : many);
}

Async<ShredCheck> ask_for_keys(Vault& vault, std::vector<DataKeyId> keys) {
  ShredCheck check{"the vault is asked for every key", true, {}};
  for (const DataKeyId& id : keys) {
    Result<DataKeyHandle> key = co_await vault.data_key(id);
    bool refused = !key && key.error().code == "DATA_KEY_UNKNOWN";
    check.holds = check.holds && refused;
    if (!check.detail.empty()) check.detail += "; ";
    check.detail += refused ? "the store has no data key " + id.text
                    : key   ? "data key " + id.text + " STILL OPENS"
                            : key.error().message;
  }
  if (keys.empty()) check = {check.what, false, "the store had no data key of this connection to begin with"};
  co_return check;
}

ShredCheck try_values(const ShredEvidence& evidence) {
  std::size_t tries = 0, opened = 0;
  for (const DataKeyHandle& key : evidence.handles)
    for (const SealedValue& value : evidence.values) {
      ++tries;
      if (key->open(value.place(), value.sealed)) ++opened;
    }
  ShredCheck check{
      "every sealed value is tried with the keys that the running program had open", opened == 0, {}};
  check.detail = opened == 0 ? counted(tries, "try", "tries") + ", all refused"
                             : counted(opened, "value STILL OPENS", "values STILL OPEN");
  return check;
}

struct Looked {
  Result<std::vector<store::SearchedFile>> files;
  bool rewritten = false;
};

bool anything_in(const Result<std::vector<store::SearchedFile>>& files) {
  return files && std::ranges::any_of(*files, [](const store::SearchedFile& one) { return one.found > 0; });
}

// Blocking.
Looked look(store::Database& database, const std::vector<Bytes>& wanted) {
  Looked looked{store::search_files(database.directory(), wanted)};
  if (!anything_in(looked.files)) return looked;
  Result<void> rewritten = database.rewrite();
  if (!rewritten) return looked;
  return {store::search_files(database.directory(), wanted), true};
}

ShredCheck judge(const Looked& looked, std::size_t values) {
  ShredCheck check{
      "every file of the store is read, byte by byte, for the wrapped key and the sealed values", false, {}};
  if (!looked.files) {
    check.detail = looked.files.error().message;
    return check;
  }
  std::string found_in;
  for (const store::SearchedFile& file : *looked.files)
    if (file.found > 0) found_in += (found_in.empty() ? "" : ", ") + file.file;
  check.holds = found_in.empty();
  check.detail = found_in.empty() ? "nothing of " + counted(values, "value", "values") + " in " +
                                        counted(looked.files->size(), "file", "files")
                                  : "STILL THERE, in " + found_in;
  if (looked.rewritten)
    check.detail += "; the store's file was written anew, since deleting had left something";
  return check;
}

Async<Looked> look_at_files(SharedState state, std::vector<Bytes> wanted) {
  if (!state->disk)
    co_return Looked{
        failure("VAULT_CLOSED", Fault::Us, Retry::Never, "the gateway is stopping: no file was read")};
  auto looked = std::make_shared<std::optional<Looked>>();  // outlives a task that is dropped meanwhile
  Result<void> ran = co_await state->disk->run([&database = state->database, wanted = std::move(wanted),
                                                looked] { *looked = look(database, wanted); });
  if (!ran) co_return Looked{std::unexpected(ran.error())};
  co_return std::move(**looked);
}

}  // namespace

bool ShredProof::holds() const {
  return !checks.empty() && std::ranges::all_of(checks, &ShredCheck::holds);
}

Async<Result<ShredEvidence>> gather_evidence(Vault& vault, ConnectionName connection) {
  store::Statement select = tables::select_wraps_of(connection);
  Result<std::vector<store::Row>> rows = co_await vault.state()->database.query(std::move(select));
  if (!rows) co_return std::unexpected(rows.error());
  ShredEvidence evidence{.connection = connection};
  for (const store::Row& row : *rows) {
    tables::WrappedKey wrapped = tables::wrapped_key_from(row);
    DataKeyId id{wrapped.binding.key_id};
    if (evidence.keys.empty() || evidence.keys.back() != id) {
      evidence.keys.push_back(id);
      Result<DataKeyHandle> key = co_await vault.data_key(id);
      if (key) evidence.handles.push_back(std::move(*key));
    }
    evidence.root_keys.push_back(wrapped.root_key.text);
    evidence.wrapped.push_back(std::move(wrapped.wrapped));
  }
  std::ranges::sort(evidence.root_keys);
  evidence.root_keys.erase(std::ranges::unique(evidence.root_keys).begin(), evidence.root_keys.end());
  co_return evidence;
}

std::vector<store::Statement> shred_statements(const ShredEvidence& evidence) {
  return tables::delete_keys_of(evidence.connection, static_cast<std::int64_t>(evidence.wrapped.size()));
}

Async<ShredProof> prove_shredded(Vault& vault, ShredEvidence evidence) {
  ShredProof proof;
  ShredCheck asked = co_await ask_for_keys(vault, evidence.keys);
  proof.checks.push_back(std::move(asked));
  proof.checks.push_back(try_values(evidence));
  std::vector<Bytes> wanted = std::move(evidence.wrapped);
  for (SealedValue& value : evidence.values) wanted.push_back(std::move(value.sealed));
  std::size_t values = wanted.size();
  Looked looked = co_await look_at_files(vault.state(), std::move(wanted));
  proof.checks.push_back(judge(looked, values));
  proof.rewritten = looked.rewritten;
  if (looked.files) proof.files = std::move(*looked.files);
  co_return proof;
}

Async<ShredCheck> prove_gone(Vault& vault, std::vector<Bytes> values) {
  std::size_t number = values.size();
  Looked looked = co_await look_at_files(vault.state(), std::move(values));
  co_return judge(looked, number);
}

}  // namespace hubward::vault
