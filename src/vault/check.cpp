// SPDX-License-Identifier: Apache-2.0
#include "vault/check.hpp"

#include "crypto/aead.hpp"
#include "vault/tables.hpp"

namespace hubward::vault {
namespace {

// A query whose every row is one thing wrong: its only column names it.
struct Rule {
  std::string_view what;
  std::string_view query;
};

constexpr Rule rules[] = {
    {"the vault has keys, but no current root key",
     "SELECT 'vault_root_keys' WHERE EXISTS (SELECT 1 FROM vault_keys) "
     "AND NOT EXISTS (SELECT 1 FROM vault_root_keys WHERE state = 'current')"},
    {"the vault's own secret is missing",
     "SELECT column1 FROM (VALUES ('canary'), ('client key pepper'), ('state key'), ('journal key')) "
     "WHERE EXISTS (SELECT 1 FROM vault_root_keys) AND column1 NOT IN (SELECT purpose FROM vault_keys)"},
    {"a key is not wrapped by the current root key",
     "SELECT purpose || ' ' || connection FROM vault_keys k WHERE NOT EXISTS (SELECT 1 FROM vault_wraps w "
     "JOIN vault_root_keys r ON r.id = w.root_key AND r.state = 'current' WHERE w.key = k.id)"},
    {"a wrapped key belongs to no key",
     "SELECT key FROM vault_wraps w WHERE NOT EXISTS (SELECT 1 FROM vault_keys k WHERE k.id = w.key)"},
    {"a key is wrapped by a root key that is not in use",
     "SELECT key FROM vault_wraps w WHERE NOT EXISTS (SELECT 1 FROM vault_root_keys r "
     "WHERE r.id = w.root_key AND r.state <> 'retired')"},
    {"a wrapped key has a length that no wrapped key has",
     "SELECT key FROM vault_wraps WHERE length(wrapped) <> 61"},
};
static_assert(crypto::sealed_overhead + crypto::aead_key_size == 61, "the last rule knows the sealed format");

// More of one kind say nothing more.
constexpr std::size_t most_of_a_kind = 10;

}  // namespace

Result<std::vector<std::string>> check_vault(store::Database& database) {
  std::vector<std::string> wrong;
  for (const Rule& rule : rules) {
    Result<std::vector<store::Row>> rows =
        database.read({std::string(rule.query) + " LIMIT " + std::to_string(most_of_a_kind)});
    if (!rows) return std::unexpected(std::move(rows.error()));
    for (const store::Row& row : *rows)
      wrong.push_back(std::string(rule.what) + ": " + store::text_at(row, 0));
  }
  return wrong;
}

}  // namespace hubward::vault
