// SPDX-License-Identifier: Apache-2.0
// Connections, grants, invites and installs as they rest in vault.db (docs/formats/grants.md): rows as
// values, and the statements that change them. Tokens are here only sealed. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "grants/connection.hpp"
#include "grants/stored_static.hpp"
#include "store/value.hpp"
#include "vault/data_key.hpp"
#include "vault/shred_proof.hpp"

namespace hubward::grants {

// A connection together with its grant: one row of each table.
struct StoredGrant {
  ConnectionName name;
  AppName app;
  GrantKind kind = GrantKind::Oauth;
  HubId hub_id;
  std::string region;
  ConnectionState state = ConnectionState::Connected;
  TimePoint connected_at;
  std::optional<LastTrouble> last_trouble;

  std::uint64_t generation = 0;
  vault::DataKeyId key;
  std::string client_id;  // the grant belongs to this client; empty for static tokens
  std::vector<std::string> scopes;
  TimePoint obtained_at;
  std::optional<TimePoint> expires_at;
  Bytes access_token;                  // sealed
  std::optional<Bytes> refresh_token;  // sealed
  std::optional<StoredStatic> token;   // of a static token
};

store::Statement select_grants();
store::Statement select_static_grants();
store::Statement select_grant(const ConnectionName& connection);
StoredGrant grant_from(const store::Row& row);  // of the two statements above

std::vector<store::Statement> insert_grant(const StoredGrant& grant);
// Compare-and-set: in place of exactly the generation before `grant.generation`, else STORE_CONFLICT.
std::vector<store::Statement> replace_grant(const StoredGrant& grant, std::uint64_t generation_before);
// The state alone, provided that the grant still has that generation, else STORE_CONFLICT.
std::vector<store::Statement> set_state(const StoredGrant& grant);
// Forgets it, but for who disconnected it and when.
std::vector<store::Statement> delete_grant(const ConnectionName& connection, TimePoint now,
                                           const Actor& actor);
// Connections that were disconnected and not connected again since, as they are shown.
constexpr std::chrono::hours departed_memory{24 * 30};
store::Statement select_departed();
store::Statement select_departed(const ConnectionName& connection);
ConnectionView departed_from(const store::Row& row);  // of the two statements above

// Seals tokens into `grant` for its name and generation, both set before.
Result<void> seal_tokens(StoredGrant& grant, const vault::DataKey& key, const Secret& access_token,
                         const Secret* refresh_token);
Result<Secret> open_access_token(const StoredGrant& grant, const vault::DataKey& key);
// Nothing when there is none.
Result<std::optional<Secret>> open_refresh_token(const StoredGrant& grant, const vault::DataKey& key);

// Every sealed value of the row, with the place that it is bound to.
std::vector<vault::SealedValue> sealed_values(const StoredGrant& grant);

ConnectionView view_of(const StoredGrant& grant);
std::string joined(const std::vector<std::string>& words);  // with spaces

// A one-time ticket; the ticket itself is known only by its hash.
struct StoredInvite {
  Bytes hash;
  ConnectionName connection;  // empty: of an open install, which gets its name from the account
  AppName app;
  std::optional<HubId> account;
  TimePoint expires_at;
  std::optional<TimePoint> used_at;
};
store::Statement insert_invite(const StoredInvite& invite);
store::Statement select_invite(const Bytes& hash);
StoredInvite invite_from(const store::Row& row);
// What a stranger may make: at most this many are open, the oldest make room.
constexpr std::int64_t most_open_invites = 1000;
std::vector<store::Statement> insert_open_invite(const StoredInvite& invite);
// STORE_CONFLICT when it has been used.
store::Statement use_invite(const Bytes& hash, TimePoint now);

// One visit to HubSpot's consent page, known by the hash of its state.
struct StoredInstall {
  Bytes state_hash;
  Bytes invite_hash;
  AppName app;
  Bytes browser_hash;  // of the cookie's value
  std::string redirect_uri;
  TimePoint expires_at;
};
// At most this many visits are open for one invite; the oldest make room.
constexpr std::int64_t open_installs_per_invite = 8;
std::vector<store::Statement> insert_install(const StoredInstall& install);
store::Statement select_install(const Bytes& state_hash);
StoredInstall install_from(const store::Row& row);
// STORE_CONFLICT when somebody else consumed it.
store::Statement consume_install(const Bytes& state_hash);

// Used or expired tickets are kept a while, so that their pages can say what happened.
constexpr std::chrono::hours invite_memory{24 * 7};
std::vector<store::Statement> delete_expired(TimePoint now);

}  // namespace hubward::grants
