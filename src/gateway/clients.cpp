// SPDX-License-Identifier: Apache-2.0
#include "gateway/clients.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "async/await.hpp"
#include "core/json.hpp"
#include "crypto/compare.hpp"
#include "gateway/client_key.hpp"
#include "gateway/client_rows.hpp"

namespace hubward::gateway {
namespace {

using store::Row;
using store::Statement;
using store::text_at;

std::unexpected<Error> unknown_client(const ClientName& name) {
  return failure("CLIENT_NOT_FOUND", Fault::Caller, Retry::Never,
                 fmt::format("there is no client {}; `hubward client list` shows those there are",
                             json_quoted(name.text)));
}

std::unexpected<Error> was_revoked(const ClientName& name) {
  return invalid("CLIENT_REVOKED",
                 fmt::format("client {} was revoked; create a new client instead", name.text));
}

// Keys or certificates that have not ended.
template <class Stored>
std::vector<Stored> living_at(std::vector<Stored> all, TimePoint now) {
  std::erase_if(all, [now](const Stored& one) { return one.expires && *one.expires <= now; });
  return all;
}

// As the store has it after end_older(): what lives ends at `end` at the latest.
template <class Stored>
std::vector<Stored> ending_at(std::vector<Stored> all, TimePoint now, TimePoint end) {
  all = living_at(std::move(all), now);
  for (Stored& one : all)
    if (!one.expires || *one.expires > end) one.expires = end;
  return all;
}

constexpr std::array<std::string_view, 3> credentials = {"key", "certificate", "both"};

}  // namespace

std::string_view to_text(Credential credential) {
  return credentials.at(static_cast<std::size_t>(credential));
}

std::optional<Credential> read_credential(std::string_view text) {
  const auto* found = std::ranges::find(credentials, text);
  if (found == credentials.end()) return std::nullopt;
  return static_cast<Credential>(found - credentials.begin());
}

bool Client::may_use(const ConnectionName& connection) const {
  return std::ranges::find(connections, connection) != connections.end();
}

Result<void> check_network(const Client& client, std::string_view address) {
  auto holds = [&](const http::Network& network) { return network.contains(address); };
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
      {"SELECT name, role, connections, networks, created, revoked, credential FROM clients", {}, {}});
  if (!rows) co_return std::unexpected(rows.error());
  auto keys = co_await database.query(
      {"SELECT id, client, hash, created, expires FROM client_keys ORDER BY created", {}, {}});
  if (!keys) co_return std::unexpected(keys.error());
  auto certificates = co_await database.query(
      {"SELECT key_hash, client, created, expires FROM client_certificates ORDER BY created", {}, {}});
  if (!certificates) co_return std::unexpected(certificates.error());

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
  for (const Row& row : *certificates) {
    Result<StoredCertificate> certificate = certificate_from(row);
    if (!certificate) co_return std::unexpected(certificate.error());
    if (auto owner = found.find(text_at(row, 1)); owner != found.end())
      owner->second.certificates.push_back(*certificate);
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
  if (wanted.connections.empty())
    return invalid("CLIENT_INVALID",
                   "a client needs at least one connection that it may use (--connection NAME)");
  if (wanted.connections.size() > max_connections_per_client)
    return invalid("CLIENT_INVALID",
                   fmt::format("a client has at most {} connections", max_connections_per_client));
  if (wanted.networks.size() > max_networks_per_client)
    return invalid("CLIENT_INVALID",
                   fmt::format("a client has at most {} networks", max_networks_per_client));
  for (const std::string& network : wanted.networks)
    if (!http::Network::parse(network))
      return invalid(
          "CLIENT_INVALID",
          json_quoted(network) +
              " is no network: write a block such as 10.0.0.0/8 whose bits behind the prefix are zero");
  if ((wanted.credential == Credential::Key) == wanted.certificate_key.has_value())
    return invalid(
        "CLIENT_INVALID",
        "a client that is to show a certificate is created with one (--certificate), and no other is");
  if (wanted.certificate_key) return admit_certificate(*wanted.certificate_key);
  return {};
}

Result<void> Clients::admit_certificate(const crypto::Digest& key_hash) const {
  auto found = by_certificate_.find(key_hash);
  if (found == by_certificate_.end() || found->second.ended(clock_)) return {};
  return invalid("CLIENT_INVALID",
                 fmt::format("client {} is known by the key of this certificate already; every client needs "
                             "a key of its own",
                             found->second.client->name.text));
}

Async<Result<std::optional<Secret>>> Clients::create(NewClient wanted) {
  if (Result<void> admitted = admit(wanted); !admitted) co_return std::unexpected(admitted.error());
  Client client{.name = wanted.name,
                .role = wanted.role,
                .connections = wanted.connections,
                .created = clock_.now(),
                .credential = wanted.credential};
  for (const std::string& network : wanted.networks)
    client.networks.push_back(*http::Network::parse(network));
  std::vector<Statement> statements;
  statements.push_back(insert_client(client));
  std::optional<Secret> shown_once;
  if (wanted.credential != Credential::Certificate) {
    ClientKey key = make_client_key(random_);
    client.keys.push_back({key.id, hash_client_key(pepper_, key.text), client.created, std::nullopt});
    statements.push_back(insert_key(client.name, client.keys.front()));
    shown_once = std::move(key.text);
  }
  if (wanted.certificate_key) {
    client.certificates.push_back({*wanted.certificate_key, client.created, std::nullopt});
    statements.push_back(forget_ended_certificate(*wanted.certificate_key, client.created));
    statements.push_back(insert_certificate(client.name, client.certificates.front()));
  }
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) co_return std::unexpected(stored.error());
  remember(std::move(client));
  co_return shown_once;
}

// A client that may be given a further credential: one that lives and does not do `without` it.
Result<const Client*> Clients::for_rotation(const ClientName& name, Credential without) const {
  const Client* found = find(name);
  if (found == nullptr) return unknown_client(name);
  if (found->revoked) return was_revoked(name);
  if (found->credential == without)
    return invalid("CLIENT_INVALID",
                   fmt::format("client {} calls with a {} and with nothing else; to change that, create "
                               "another client and revoke this one",
                               name.text, to_text(without)));
  return found;
}

Async<Result<Secret>> Clients::rotate(ClientName name, std::chrono::seconds overlap) {
  Result<const Client*> found = for_rotation(name, Credential::Certificate);
  if (!found) co_return std::unexpected(found.error());
  TimePoint now = clock_.now();
  TimePoint end = now + overlap;
  std::size_t living = living_at((*found)->keys, now).size();
  if (living >= max_keys_per_client) {
    co_return invalid(
        "CLIENT_INVALID",
        fmt::format("client {} has {} keys in overlap already; wait until one has ended", name.text, living));
  }
  ClientKey key = make_client_key(random_);
  StoredKey added{key.id, hash_client_key(pepper_, key.text), now, std::nullopt};
  std::vector<Statement> statements = end_older("client_keys", name, now, end);
  statements.push_back(insert_key(name, added));
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) co_return std::unexpected(stored.error());

  // The client as it is now: while the store wrote, it may have been revoked or given another key.
  const Client* as_it_is = find(name);
  if (as_it_is == nullptr || as_it_is->revoked) co_return was_revoked(name);
  Client client = *as_it_is;
  client.keys = ending_at(std::move(client.keys), now, end);
  client.keys.push_back(std::move(added));
  remember(std::move(client));
  co_return std::move(key.text);
}

Async<Result<void>> Clients::rotate_certificate(ClientName name, crypto::Digest key_hash,
                                                std::chrono::seconds overlap) {
  Result<const Client*> found = for_rotation(name, Credential::Key);
  if (!found) co_return std::unexpected(found.error());
  Result<void> admitted = admit_certificate(key_hash);
  if (!admitted) co_return admitted;
  TimePoint now = clock_.now();
  TimePoint end = now + overlap;
  std::size_t living = living_at((*found)->certificates, now).size();
  if (living >= max_certificates_per_client) {
    co_return invalid(
        "CLIENT_INVALID",
        fmt::format("client {} has {} certificates in overlap already; wait until one has ended", name.text,
                    living));
  }
  StoredCertificate added{key_hash, now, std::nullopt};
  std::vector<Statement> statements = end_older("client_certificates", name, now, end);
  statements.push_back(forget_ended_certificate(key_hash, now));
  statements.push_back(insert_certificate(name, added));
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) co_return stored;

  const Client* as_it_is = find(name);  // as in rotate()
  if (as_it_is == nullptr || as_it_is->revoked) co_return was_revoked(name);
  Client client = *as_it_is;
  client.certificates = ending_at(std::move(client.certificates), now, end);
  client.certificates.push_back(added);
  remember(std::move(client));
  co_return Result<void>{};
}

Async<Result<void>> Clients::revoke(ClientName name) {
  const Client* found = find(name);
  if (found == nullptr) co_return unknown_client(name);
  Client client = *found;
  client.revoked = clock_.now();
  // Memory first: should the store be in trouble, the client is refused all the same, and the error says what
  // is missing.
  remember(client);
  std::vector<Statement> statements;
  statements.push_back(
      {"UPDATE clients SET revoked = ? WHERE name = ?", {to_millis(*client.revoked), name.text}, {}});
  statements.push_back({"DELETE FROM client_keys WHERE client = ?", {name.text}, {}});
  statements.push_back({"DELETE FROM client_certificates WHERE client = ?", {name.text}, {}});
  Result<void> stored = co_await database_.commit(std::move(statements));
  if (!stored) {
    co_return while_doing(
        "the client is refused from now on, but only until a restart, since the store did not take it",
        stored.error());
  }
  co_return Result<void>{};
}

// Only what opens a door is found by key or certificate: one that has ended may be another client's by now.
void Clients::remember(Client client) {
  if (client.revoked) {
    client.keys.clear();
    client.certificates.clear();
  }
  TimePoint now = clock_.now();
  auto shared = std::make_shared<const Client>(std::move(client));
  auto is_its = [&](const auto& entry) { return entry.second.client->name == shared->name; };
  std::erase_if(by_key_id_, is_its);
  std::erase_if(by_certificate_, is_its);
  for (const StoredKey& key : living_at(shared->keys, now))
    by_key_id_[key.id] = {key.hash, key.expires, shared};
  for (const StoredCertificate& one : living_at(shared->certificates, now))
    by_certificate_[one.key_hash] = {one.key_hash, one.expires, shared};
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
  if (found->second.ended(clock_)) return refused();
  return found->second.client;
}

// No constant time: a public key is no secret, and TLS has proved who holds the private one.
std::shared_ptr<const Client> Clients::holder_of_certificate(const crypto::Digest& key_hash) const {
  auto found = by_certificate_.find(key_hash);
  if (found == by_certificate_.end() || found->second.ended(clock_)) return nullptr;
  return found->second.client;
}

}  // namespace hubward::gateway
