// SPDX-License-Identifier: Apache-2.0
// The programs that call through the gateway: who they are, which role and connections they have, and their
// keys and certificates. Kept in the vault's database (docs/formats/clients.md), held in memory whole:
// checking a credential touches no disk, and a revocation counts from the next request on. A resource of one
// loop.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/async.hpp"
#include "core/clock.hpp"
#include "core/named.hpp"
#include "core/secret.hpp"
#include "crypto/digest.hpp"
#include "crypto/hmac_key.hpp"
#include "crypto/random.hpp"
#include "http/network.hpp"
#include "store/database.hpp"

namespace hubward::gateway {

extern const store::Schema clients_schema;

constexpr std::size_t max_clients = 10'000;
constexpr std::size_t max_keys_per_client = 4;  // one in use, one in overlap, and room for a mistake
constexpr std::size_t max_certificates_per_client = 4;
constexpr std::size_t max_connections_per_client = 1'000;
constexpr std::size_t max_networks_per_client = 64;

struct StoredKey {
  std::string id;
  crypto::Digest hash{};
  TimePoint created;
  std::optional<TimePoint> expires;  // set when a rotation gave it an end
};

// A certificate is known by its key: SHA-256 of the SubjectPublicKeyInfo (http/certificate.hpp). Any
// certificate for that key counts, so a renewal that keeps the key needs no rotation here.
struct StoredCertificate {
  crypto::Digest key_hash{};
  TimePoint created;
  std::optional<TimePoint>
      expires;  // set when a rotation gave it an end; the certificate has dates of its own
};

// What a client shows on every call. Fixed when it is created: a client never gets an easier way in later.
enum class Credential { Key, Certificate, Both };
std::string_view to_text(Credential credential);  // "key", "certificate", "both"
std::optional<Credential> read_credential(std::string_view text);

struct Client {
  ClientName name;
  RoleName role;
  std::vector<ConnectionName> connections;  // those it may use
  std::vector<http::Network> networks;      // where it may call from; empty: anywhere
  TimePoint created;
  std::optional<TimePoint> revoked;
  Credential credential = Credential::Key;
  std::vector<StoredKey> keys;
  std::vector<StoredCertificate> certificates;

  bool may_use(const ConnectionName& connection) const;
};

// Whether it may call from this address. Error: NETWORK_NOT_ALLOWED.
Result<void> check_network(const Client& client, std::string_view address);

// What `hubward client create` asks for.
struct NewClient {
  ClientName name;
  RoleName role;
  std::vector<ConnectionName> connections;
  std::vector<std::string> networks;
  Credential credential = Credential::Key;
  std::optional<crypto::Digest> certificate_key = std::nullopt;  // unless a key is all it needs
};

class Clients {
 public:
  // Reads all clients. All but `pepper` must outlive this.
  static Async<Result<std::unique_ptr<Clients>>> load(store::Database& database, const Secret& pepper,
                                                      crypto::Random& random, const Clock& clock);

  // Creates a client with its certificate and its first key, which is returned this once; nothing is returned
  // for a client that has no key.
  Async<Result<std::optional<Secret>>> create(NewClient wanted);
  // A further key; those that exist end after `overlap` (zero: at once).
  Async<Result<Secret>> rotate(ClientName name, std::chrono::seconds overlap);
  // Likewise a further certificate.
  Async<Result<void>> rotate_certificate(ClientName name, crypto::Digest key_hash,
                                         std::chrono::seconds overlap);
  // Ends all keys and certificates at once: from the next request on the client is refused.
  Async<Result<void>> revoke(ClientName name);

  const Client* find(const ClientName& name) const;
  std::vector<const Client*> list() const;  // by name

  // The client behind a key, wherever it came from; its networks are a question of their own
  // (check_network). Error: UNAUTHENTICATED (no such key, wrong, ended or revoked: one sentence for all,
  // since the difference would tell a stranger something).
  Result<std::shared_ptr<const Client>> holder_of(const Secret& key) const;
  // The client that is known by a certificate's key; null when there is none.
  std::shared_ptr<const Client> holder_of_certificate(const crypto::Digest& key_hash) const;

 private:
  Clients(store::Database& database, const Secret& pepper, crypto::Random& random, const Clock& clock)
      : database_(database), pepper_(pepper.reveal()), random_(random), clock_(clock) {}
  void remember(Client client);
  Result<void> admit(const NewClient& wanted) const;
  Result<void> admit_certificate(const crypto::Digest& key_hash) const;
  Result<const Client*> for_rotation(const ClientName& name, Credential without) const;

  store::Database& database_;
  crypto::HmacKey pepper_;
  crypto::Random& random_;
  const Clock& clock_;

  struct Entry {
    crypto::Digest hash;
    std::optional<TimePoint> expires;
    std::shared_ptr<const Client> client;

    bool ended(const Clock& clock) const { return expires && *expires <= clock.now(); }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::shared_ptr<const Client>> by_name_;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> by_key_id_;
  std::map<crypto::Digest, Entry> by_certificate_;
};

}  // namespace hubward::gateway
