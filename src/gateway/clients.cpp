// SPDX-License-Identifier: Apache-2.0
#include "gateway/clients.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "async/await.hpp"
#include "core/json.hpp"
#include "crypto/compare.hpp"
#include "gateway/client_key.hpp"

namespace hubward::gateway {
namespace {

using store::Row;
using store::Statement;

constexpr std::string_view migrations[] = {
    R"(CREATE TABLE clients (
         name TEXT PRIMARY KEY, role TEXT NOT NULL, connections TEXT NOT NULL, networks TEXT NOT NULL,
         created INTEGER NOT NULL, revoked INTEGER) STRICT;
       CREATE TABLE client_keys (
         id TEXT PRIMARY KEY, client TEXT NOT NULL REFERENCES clients(name), hash BLOB NOT NULL,
         created INTEGER NOT NULL, expires INTEGER) STRICT;)",
};

std::string as_list(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push(text);
  return list.dump();
}

std::vector<std::string> from_list(std::string_view text) {
  std::vector<std::string> texts;
  if (const auto list = Json::parse(text))
    for (const Json& item : list->items()) texts.push_back(item.text_or(""));
  return texts;
}

using store::text_at;

TimePoint time_at(const Row& row, std::size_t column) {
  return from_millis(store::integer_at(row, column));
}
std::optional<TimePoint> maybe_time_at(const Row& row, std::size_t column) {
  if (store::null_at(row, column)) return std::nullopt;
  return time_at(row, column);
}

Result<Client> client_from(const Row& row) {
  Client client;
  client.name = {text_at(row, 0)};
  client.role = {text_at(row, 1)};
  for (std::string& name : from_list(text_at(row, 2))) client.connections.push_back({std::move(name)});
  // A block that is left out would not narrow: a client without any may call from anywhere.
  Result<Json> networks = Json::parse(text_at(row, 3));
  bool readable = networks && networks->is_array();
  for (const std::string& text : from_list(text_at(row, 3))) {
    std::optional<Network> network = Network::parse(text);
    readable = readable && network;
    if (network) client.networks.push_back(*network);
  }
  if (!readable) {
    return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                   fmt::format("the networks of client {} cannot be read", json_quoted(client.name.text)));
  }
  client.created = time_at(row, 4);
  client.revoked = maybe_time_at(row, 5);
  return client;
}

Result<StoredKey> key_from(const Row& row) {
  StoredKey key{.id = text_at(row, 0), .created = time_at(row, 3), .expires = maybe_time_at(row, 4)};
  const Bytes& hash = store::bytes_at(row, 2);
  if (hash.size() != key.hash.size()) {
    return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                   fmt::format("client_keys row {} holds a hash of {} bytes instead of {}", key.id,
                               hash.size(), key.hash.size()));
  }
  std::ranges::copy(hash, key.hash.begin());
  return key;
}

Statement insert_key(const ClientName& client, const StoredKey& key) {
  return {"INSERT INTO client_keys (id, client, hash, created, expires) VALUES (?, ?, ?, ?, NULL)",
          {key.id, client.text, Bytes(key.hash.begin(), key.hash.end()), to_millis(key.created)},
          1};
}

std::unexpected<Error> unknown_client(const ClientName& name) {
  return failure("CLIENT_NOT_FOUND", Fault::Caller, Retry::Never,
                 fmt::format("there is no client {}; `hubward client list` shows those there are",
                             json_quoted(name.text)));
}

std::unexpected<Error> was_revoked(const ClientName& name) {
  return invalid("CLIENT_REVOKED",
                 fmt::format("client {} was revoked; create a new client instead", name.text));
}

std::vector<StoredKey> keys_living_at(const Client& client, TimePoint now) {
  std::vector<StoredKey> keys = client.keys;
  std::erase_if(keys, [now](const StoredKey& key) { return key.expires && *key.expires <= now; });
  return keys;
}

}  // namespace

const store::Schema clients_schema{"clients", migrations};

bool Client::may_use(const ConnectionName& connection) const {
  return std::ranges::find(connections, connection) != connections.end();
}

Result<void> check_network(const Client& client, std::string_view address) {
  auto holds = [&](const Network& network) { return network.contains(address); };
  if (client.networks.empty() || std::ranges::any_of(client.networks, holds)) return {};
  return failure(
      "NETWORK_NOT_ALLOWED", Fault::Caller, Retry::Never,
      fmt::format("client {} may not call from {}; its networks are listed by `hubward client show`",
                  client.name.text, address));
}

Async<Result<std::unique_ptr<Clients>>> Clients::load(store::Database& database, const Secret& pepper,
                                                      crypto::Random& random, const Clock& clock) {
  std::unique_ptr<Clients> clients(new Clients(database, pepper, random, clock));
  auto rows = co_await database.query(
      {"SELECT name, role, connections, networks, created, revoked FROM clients", {}, {}});
  if (!rows) co_return std::unexpected(rows.error());
  auto keys = co_await database.query(
      {"SELECT id, client, hash, created, expires FROM client_keys ORDER BY created", {}, {}});
  if (!keys) co_return std::unexpected(keys.error());

  std::unordered_map<std::string, Client> found;
  for (const Row& row : *rows) {
    Result<Client> client = client_from(row);
    if (!client) co_return std::unexpected(client.error());
    found.emplace(text_at(row, 0), std::move(*client));
  }
  for (const Row& row : *keys) {
    Result<StoredKey> key = key_from(row);
    if (!key) co_return std::unexpected(key.error());
    if (auto owner = found.find(text_at(row, 1)); owner != found.end()) owner->second.keys.push_back(*key);
  }
  for (auto& [name, client] : found) clients->remember(std::move(client));
  co_return clients;
}

Result<void> Clients::admit(const NewClient& wanted) const {
  if (wanted.name.text.empty() || wanted.name.text.size() > 64)
    return invalid("CLIENT_INVALID", "a client's name has 1 to 64 characters");
  if (!std::ranges::all_of(wanted.name.text,
                           [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; }))
    return invalid("CLIENT_INVALID",
                   "a client's name is made of printable ASCII characters without spaces and quotes");
  if (by_name_.contains(wanted.name.text))
    return invalid("CLIENT_EXISTS", fmt::format("there is already a client {}; to give it a new key use "
                                                "`hubward client rotate`",
                                                wanted.name.text));
  if (by_name_.size() >= max_clients)
    return invalid("CLIENT_INVALID",
                   fmt::format("there are {} clients already, which is the limit", max_clients));
  if (wanted.connections.empty() || wanted.connections.size() > max_connections_per_client)
    return invalid("CLIENT_INVALID",
                   "a client needs at least one connection that it may use (--connection NAME)");
  if (wanted.networks.size() > max_networks_per_client)
    return invalid("CLIENT_INVALID",
                   fmt::format("a client has at most {} networks", max_networks_per_client));
  for (const std::string& network : wanted.networks)
    if (!Network::parse(network))
      return invalid(
          "CLIENT_INVALID",
          json_quoted(network) +
              " is no network: write a block such as 10.0.0.0/8 whose bits behind the prefix are zero");
  return {};
}

Async<Result<Secret>> Clients::create(NewClient wanted) {
  if (Result<void> admitted = admit(wanted); !admitted) co_return std::unexpected(admitted.error());
  ClientKey key = make_client_key(random_);
  Client client{
      .name = wanted.name, .role = wanted.role, .connections = wanted.connections, .created = clock_.now()};
  for (const std::string& network : wanted.networks) client.networks.push_back(*Network::parse(network));
  client.keys.push_back({key.id, hash_client_key(pepper_, key.text), client.created, std::nullopt});

  std::vector<std::string> connections;
  for (const ConnectionName& connection : wanted.connections) connections.push_back(connection.text);
  std::vector<Statement> statements;
  statements.push_back(
      {"INSERT INTO clients (name, role, connections, networks, created) VALUES (?, ?, ?, ?, ?)",
       {client.name.text, client.role.text, as_list(connections), as_list(wanted.networks),
        to_millis(client.created)},
       1});
  statements.push_back(insert_key(client.name, client.keys.front()));
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) co_return std::unexpected(stored.error());
  remember(std::move(client));
  co_return std::move(key.text);
}

Async<Result<Secret>> Clients::rotate(ClientName name, std::chrono::seconds overlap) {
  const Client* found = find(name);
  if (found == nullptr) co_return unknown_client(name);
  if (found->revoked) co_return was_revoked(name);
  TimePoint now = clock_.now();
  TimePoint end = now + overlap;
  std::size_t living = keys_living_at(*found, now).size();
  if (living >= max_keys_per_client) {
    co_return invalid(
        "CLIENT_INVALID",
        fmt::format("client {} has {} keys in overlap already; wait until one has ended", name.text, living));
  }
  ClientKey key = make_client_key(random_);
  StoredKey added{key.id, hash_client_key(pepper_, key.text), now, std::nullopt};

  std::vector<Statement> statements;
  statements.push_back(
      {"DELETE FROM client_keys WHERE client = ? AND expires <= ?", {name.text, to_millis(now)}, {}});
  statements.push_back(
      {"UPDATE client_keys SET expires = ? WHERE client = ? AND (expires IS NULL OR expires > ?)",
       {to_millis(end), name.text, to_millis(end)},
       {}});
  statements.push_back(insert_key(name, added));
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) co_return std::unexpected(stored.error());

  // The client as it is now: while the store wrote, it may have been revoked or given another key.
  found = find(name);
  if (found == nullptr || found->revoked) co_return was_revoked(name);
  Client client = *found;
  client.keys = keys_living_at(client, now);
  for (StoredKey& older : client.keys)
    if (!older.expires || *older.expires > end) older.expires = end;
  client.keys.push_back(std::move(added));
  remember(std::move(client));
  co_return std::move(key.text);
}

Async<Result<void>> Clients::revoke(ClientName name) {
  const Client* found = find(name);
  if (found == nullptr) co_return unknown_client(name);
  Client client = *found;
  client.revoked = clock_.now();
  client.keys.clear();
  // Memory first: should the store be in trouble, the client is refused all the same, and the error says what
  // is missing.
  remember(client);
  std::vector<Statement> statements;
  statements.push_back(
      {"UPDATE clients SET revoked = ? WHERE name = ?", {to_millis(*client.revoked), name.text}, {}});
  statements.push_back({"DELETE FROM client_keys WHERE client = ?", {name.text}, {}});
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) {
    co_return while_doing(
        "the client is refused from now on, but only until a restart, since the store did not take it",
        stored.error());
  }
  co_return Result<void>{};
}

void Clients::remember(Client client) {
  auto shared = std::make_shared<const Client>(std::move(client));
  std::erase_if(by_key_id_, [&](const auto& entry) { return entry.second.client->name == shared->name; });
  for (const StoredKey& key : shared->keys) by_key_id_[key.id] = {key.hash, key.expires, shared};
  by_name_[shared->name.text] = std::move(shared);
}

const Client* Clients::find(const ClientName& name) const {
  auto found = by_name_.find(name.text);
  return found == by_name_.end() ? nullptr : found->second.get();
}

std::vector<const Client*> Clients::list() const {
  std::vector<const Client*> clients;
  clients.reserve(by_name_.size());
  for (const auto& [name, client] : by_name_) clients.push_back(client.get());
  std::ranges::sort(clients, {},
                    [](const Client* client) -> const std::string& { return client->name.text; });
  return clients;
}

Result<std::shared_ptr<const Client>> Clients::holder_of(const Secret& key) const {
  auto refused = [] {
    return failure("UNAUTHENTICATED", Fault::Caller, Retry::Never,
                   "the client key is not valid: send `Authorization: Bearer hwk_…` with a key that `hubward "
                   "client create` "
                   "or `rotate` printed and that was not revoked since");
  };
  std::optional<std::string_view> id = client_key_id(key.reveal_text());
  if (!id) return refused();
  auto found = by_key_id_.find(*id);
  // The hash is computed for an unknown id too, so that both answers take the same time.
  crypto::Digest presented = hash_client_key(pepper_, key);
  if (found == by_key_id_.end() || !crypto::equal_in_constant_time(presented, found->second.hash))
    return refused();
  const Entry& entry = found->second;
  if (entry.expires && *entry.expires <= clock_.now()) return refused();
  return entry.client;
}

}  // namespace hubward::gateway
