// SPDX-License-Identifier: Apache-2.0
#include "gateway/client_rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/json.hpp"

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
    R"(ALTER TABLE clients ADD COLUMN credential TEXT NOT NULL DEFAULT 'key';
       CREATE TABLE client_certificates (
         key_hash BLOB PRIMARY KEY, client TEXT NOT NULL REFERENCES clients(name),
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

Result<crypto::Digest> digest_at(const Row& row, std::size_t column, const std::string& where) {
  const Bytes& bytes = store::bytes_at(row, column);
  crypto::Digest digest;
  if (bytes.size() != digest.size())
    return failure(
        "STORE_CORRUPT", Fault::Store, Retry::Never,
        fmt::format("{} holds a hash of {} bytes instead of {}", where, bytes.size(), digest.size()));
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

}  // namespace

const store::Schema clients_schema{"clients", migrations};

Result<Client> client_from(const Row& row) {
  Client client;
  client.name = {text_at(row, 0)};
  client.role = {text_at(row, 1)};
  for (std::string& name : from_list(text_at(row, 2))) client.connections.push_back({std::move(name)});
  // A block that is left out would not narrow: a client without any may call from anywhere.
  Result<Json> networks = Json::parse(text_at(row, 3));
  bool readable = networks && networks->is_array();
  for (const std::string& text : from_list(text_at(row, 3))) {
    std::optional<http::Network> network = http::Network::parse(text);
    readable = readable && network;
    if (network) client.networks.push_back(*network);
  }
  if (!readable) {
    return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                   fmt::format("the networks of client {} cannot be read", json_quoted(client.name.text)));
  }
  client.created = time_at(row, 4);
  client.revoked = maybe_time_at(row, 5);
  // An unknown word is never read as the easier one.
  std::optional<Credential> credential = read_credential(text_at(row, 6));
  if (!credential)
    return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                   fmt::format("client {} has a credential of no known kind", json_quoted(client.name.text)));
  client.credential = *credential;
  return client;
}

Result<StoredKey> key_from(const Row& row) {
  StoredKey key{.id = text_at(row, 0), .created = time_at(row, 3), .expires = maybe_time_at(row, 4)};
  Result<crypto::Digest> hash = digest_at(row, 2, fmt::format("client_keys row {}", key.id));
  if (!hash) return std::unexpected(hash.error());
  key.hash = *hash;
  return key;
}

Result<StoredCertificate> certificate_from(const Row& row) {
  StoredCertificate certificate{.created = time_at(row, 2), .expires = maybe_time_at(row, 3)};
  Result<crypto::Digest> hash =
      digest_at(row, 0, fmt::format("client_certificates, of client {},", json_quoted(text_at(row, 1))));
  if (!hash) return std::unexpected(hash.error());
  certificate.key_hash = *hash;
  return certificate;
}

Statement insert_client(const Client& client) {
  std::vector<std::string> connections, networks;
  for (const ConnectionName& connection : client.connections) connections.push_back(connection.text);
  for (const http::Network& network : client.networks) networks.push_back(network.text());
  return {
      "INSERT INTO clients (name, role, connections, networks, created, credential) VALUES (?, ?, ?, ?, ?, "
      "?)",
      {client.name.text, client.role.text, as_list(connections), as_list(networks), to_millis(client.created),
       std::string(to_text(client.credential))},
      1};
}

Statement insert_key(const ClientName& client, const StoredKey& key) {
  return {"INSERT INTO client_keys (id, client, hash, created, expires) VALUES (?, ?, ?, ?, NULL)",
          {key.id, client.text, Bytes(key.hash.begin(), key.hash.end()), to_millis(key.created)},
          1};
}

Statement insert_certificate(const ClientName& client, const StoredCertificate& certificate) {
  return {"INSERT INTO client_certificates (key_hash, client, created, expires) VALUES (?, ?, ?, NULL)",
          {Bytes(certificate.key_hash.begin(), certificate.key_hash.end()), client.text,
           to_millis(certificate.created)},
          1};
}

std::vector<Statement> end_older(const std::string& table, const ClientName& client, TimePoint now,
                                 TimePoint end) {
  std::vector<Statement> statements;
  statements.push_back(
      {"DELETE FROM " + table + " WHERE client = ? AND expires <= ?", {client.text, to_millis(now)}, {}});
  statements.push_back(
      {"UPDATE " + table + " SET expires = ? WHERE client = ? AND (expires IS NULL OR expires > ?)",
       {to_millis(end), client.text, to_millis(end)},
       {}});
  return statements;
}

Statement forget_ended_certificate(const crypto::Digest& key_hash, TimePoint now) {
  return {"DELETE FROM client_certificates WHERE key_hash = ? AND expires <= ?",
          {Bytes(key_hash.begin(), key_hash.end()), to_millis(now)},
          {}};
}

}  // namespace hubward::gateway
