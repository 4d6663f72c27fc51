// SPDX-License-Identifier: Apache-2.0
// Rows of the store, which somebody else may have written: whatever stands in a column, a row is read as
// something that has a name and a use, and what is read is stored again as it was read. The first byte
// chooses the table, each column begins with a byte for its kind.
//
// aims at: src/grants/stored_grant.cpp only grant_from state_at kind_at words_of insert_grant joined
// aims at: src/grants/stored_static.cpp only static_from put_static
// aims at: src/grants/stored_grant.cpp only view_of invite_from insert_invite install_from insert_install
// aims at: src/gateway/client_rows.cpp but end_older forget_ended_certificate
// aims at: src/vault/tables.cpp only root_keys_from wrapped_key_from insert_key
// aims at: src/store/value.cpp
#include <cstdint>
#include <string>
#include <vector>

#include "core/invariant.hpp"
#include "gateway/client_rows.hpp"
#include "grants/stored_grant.hpp"
#include "input.hpp"
#include "vault/tables.hpp"

using namespace hubward;

namespace {

store::Value value_from(Input& input) {
  switch (input.byte() % 5) {
    case 0: return nullptr;
    case 1: return static_cast<std::int64_t>(input.number());
    case 2: return static_cast<std::int64_t>(input.byte());
    case 3: return std::string(input.text());
    default: break;
  }
  auto bytes = bytes_of(input.text());
  return Bytes(bytes.begin(), bytes.end());
}

store::Row row_from(Input& input) {
  constexpr std::size_t most_columns = 40;
  store::Row row;
  while (!input.empty() && row.size() < most_columns) row.push_back(value_from(input));
  return row;
}

std::vector<store::Value> values_of(const std::vector<store::Statement>& statements) {
  std::vector<store::Value> values;
  for (const store::Statement& statement : statements)
    values.insert(values.end(), statement.values.begin(), statement.values.end());
  return values;
}

void check_grant(const store::Row& row) {
  grants::StoredGrant grant = grants::grant_from(row);
  std::vector<store::Statement> stored = grants::insert_grant(grant);
  invariant(stored.size() == (grant.token ? 4 : 3), "a static token has a row of its own");
  // The connection's; the grant's and the static token's, which begin with the name again; the third
  // statement forgets that the connection departed.
  store::Row again = stored[0].values;
  again.insert(again.end(), stored[1].values.begin() + 1, stored[1].values.end());
  if (grant.token) again.insert(again.end(), stored[3].values.begin() + 1, stored[3].values.end());
  invariant(values_of(grants::insert_grant(grants::grant_from(again))) == values_of(stored),
            "a grant is stored as it was read");
  grants::ConnectionView view = grants::view_of(grant);
  invariant(!grants::to_text(view.state).empty() && !grants::to_text(view.kind).empty(),
            "a connection has a state");
}

void check_tickets(const store::Row& row) {
  grants::StoredInvite invite = grants::invite_from(row);
  store::Statement statement = grants::insert_invite(invite);
  statement.values.push_back(invite.used_at ? store::Value(to_millis(*invite.used_at))
                                            : store::Value(nullptr));
  invariant(grants::insert_invite(grants::invite_from(statement.values)).values ==
                store::Row(statement.values.begin(), statement.values.end() - 1),
            "an invite is stored as it was read");
  grants::StoredInstall install = grants::install_from(row);
  std::vector<store::Value> stored = grants::insert_install(install).back().values;
  invariant(grants::insert_install(grants::install_from(stored)).back().values == stored,
            "a visit is stored as it was read");
}

void check_client(const store::Row& row) {
  Result<gateway::Client> client = gateway::client_from(row);
  if (client) {
    std::vector<store::Value> stored = gateway::insert_client(*client).values;
    store::Value revoked =
        client->revoked ? store::Value(to_millis(*client->revoked)) : store::Value(nullptr);
    stored.insert(stored.end() - 1, revoked);
    Result<gateway::Client> again = gateway::client_from(stored);
    invariant(again.has_value(), "what is stored is read");
    invariant(again->networks.size() == client->networks.size(), "no network is lost");
    invariant(again->connections == client->connections, "no connection is lost");
    invariant(again->credential == client->credential, "what a client shows stays");
  } else {
    invariant(client.error().code == "STORE_CORRUPT", "a damaged row is called that");
  }
  if (Result<gateway::StoredKey> key = gateway::key_from(row)) {
    store::Statement statement = gateway::insert_key({store::text_at(row, 1)}, *key);
    Result<gateway::StoredKey> again = gateway::key_from(statement.values);
    invariant(again && again->hash == key->hash && again->id == key->id, "a key is stored as it was read");
  }
  if (Result<gateway::StoredCertificate> certificate = gateway::certificate_from(row)) {
    store::Statement statement = gateway::insert_certificate({store::text_at(row, 1)}, *certificate);
    Result<gateway::StoredCertificate> again = gateway::certificate_from(statement.values);
    invariant(again && again->key_hash == certificate->key_hash, "a certificate is stored as it was read");
  }
}

void check_vault(const store::Row& row) {
  vault::tables::WrappedKey key = vault::tables::wrapped_key_from(row);
  auto statements = vault::tables::insert_key(key.binding, key.root_key, key.wrapped, from_millis(0));
  store::Row again = {key.binding.key_id, key.binding.purpose, key.binding.connection, key.root_key.text,
                      key.wrapped};
  invariant(vault::tables::wrapped_key_from(again).wrapped == key.wrapped && statements.size() == 2,
            "a key is stored as it was read");
  Result<std::vector<vault::RootKeyStatus>> roots = vault::tables::root_keys_from({row});
  if (!roots) {
    invariant(roots.error().code == "VAULT_DAMAGED", "a damaged row is called that");
    return;
  }
  invariant(roots->size() == 1 && !vault::to_text(roots->front().state).empty(), "a root key has a state");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::uint8_t table = input.byte();
  store::Row row = row_from(input);
  switch (table % 4) {
    case 0: check_grant(row); break;
    case 1: check_tickets(row); break;
    case 2: check_client(row); break;
    default: check_vault(row); break;
  }
  return 0;
}
