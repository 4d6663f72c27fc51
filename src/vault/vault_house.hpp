// SPDX-License-Identifier: Apache-2.0
// A store directory with a vault in it, which a test opens, closes and opens again. For tests only.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "async/run_to_end.hpp"
#include "core/invariant.hpp"
#include "crypto/fake_random.hpp"
#include "keys/local_key_provider.hpp"
#include "store/database.hpp"
#include "store/temporary_directory.hpp"
#include "vault/vault.hpp"

namespace hubward::vault {

// What a root key's file would hold.
inline std::string root_key_text(std::uint64_t seed) {
  crypto::SeededRandom random(seed);
  return to_hex(crypto::random_secret(random, 32).reveal());
}

inline keys::RootKey root_key(std::uint64_t seed) {
  return std::move(keys::RootKey::from(Secret(root_key_text(seed)), "a test").value());
}

class House {
 public:
  // Beside the vault's tables, one that a room above would have.
  static constexpr std::string_view caller_tables[] = {
      "CREATE TABLE tokens (connection TEXT PRIMARY KEY, key TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;"};

  explicit House(std::string file_system = {}) : file_system_(std::move(file_system)) {}

  template <class T>
  T wait(Async<T> task) {
    return run_to_end(loop_, std::move(task));
  }

  std::unique_ptr<keys::KeyProvider> provider(std::uint64_t seed) {
    return std::make_unique<keys::LocalKeyProvider>(root_key(seed), random);
  }

  // Opens the files anew, as a restarted program would; what was open is closed first.
  Result<void> open(std::vector<std::uint64_t> root_seeds) {
    close();
    store::OpenOptions options{.path = folder.file("vault.db"),
                               .schemas = {schema(), {.room = "test", .migrations = caller_tables}}};
    options.file_system = file_system_;
    database = std::move(store::Database::open(std::move(options)).value());
    Parts parts{.database = *database,
                .root_keys = {},
                .random = random,
                .clock = clock,
                .on_opening = [this](const Opening& opening) {
                  told.push_back(std::string(opening.place.row) +
                                 (opening.outcome == Opening::Outcome::Opened ? " opened" : " refused"));
                }};
    for (std::uint64_t seed : root_seeds) parts.root_keys.push_back(provider(seed));
    auto opened = wait(Vault::open(std::move(parts)));
    if (!opened) return std::unexpected(opened.error());
    vault = std::move(*opened);
    return {};
  }
  void close() {
    vault.reset();
    database.reset();
  }

  Result<void> commit(std::vector<store::Statement> transaction) {
    return wait(database->commit(std::move(transaction)));
  }
  std::vector<store::Row> rows(std::string sql) { return wait(database->query({std::move(sql)})).value(); }

  static Place place(const std::string& connection) {
    return {.table = "tokens", .row = connection, .column = "sealed", .generation = 1};
  }

  // What makes a connection with a sealed token, as the rooms above do it.
  Result<NewDataKey> prepare(const std::string& connection, std::string_view token) {
    auto fresh = wait(vault->make_data_key({connection}));
    if (!fresh) return fresh;
    Bytes sealed = fresh->key->seal(place(connection), bytes_of(token)).value();
    fresh->statements.push_back(
        {"INSERT INTO tokens VALUES (?, ?, ?)", {connection, fresh->key->id().text, std::move(sealed)}, 1});
    return fresh;
  }
  Result<DataKeyHandle> connect(const std::string& connection, std::string_view token) {
    auto fresh = prepare(connection, token);
    if (!fresh) return std::unexpected(fresh.error());
    auto committed = commit(std::move(fresh->statements));
    if (!committed) return std::unexpected(committed.error());
    return fresh->key;
  }

  // The token of a connection, by the key that its row names; "" when it cannot be had.
  std::string token_of(const std::string& connection) {
    auto found = wait(database->query({"SELECT key, sealed FROM tokens WHERE connection = ?", {connection}}));
    if (!found || found->empty()) return "";
    auto key = wait(vault->data_key({store::text_at(found->front(), 0)}));
    if (!key) return "";
    Result<Secret> token = (*key)->open(place(connection), store::bytes_at(found->front(), 1));
    return token ? std::string(token->reveal_text()) : "";
  }

  // Every byte of every file of the store.
  std::string everything_on_disk() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return bytes;
  }

  store::TemporaryDirectory folder;
  crypto::SystemRandom random;
  ManualClock clock;
  std::vector<std::string> told;

 private:
  Loop loop_;  // outlives the database
  std::string file_system_;

 public:
  std::unique_ptr<store::Database> database;
  std::unique_ptr<Vault> vault;
};

}  // namespace hubward::vault
