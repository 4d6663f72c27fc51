// SPDX-License-Identifier: Apache-2.0
// The grants: which HubSpot token stands behind a connection, kept fresh and handed out for one use at a
// time.
//
// Loops. A Grants belongs to one loop (its home: the endpoint's client, the renewals and the commands run
// there). token_for(), expired() and refused() may be called from any loop, list() and show() from any
// thread; `here` is the caller's, on which they resume and which must outlive the call. Everything else is
// called on the home loop.
//
// Memory. Access tokens lie in locked memory (Secret), refresh tokens only sealed, in the store. The hot path
// touches neither store nor network: a map look-up in an immutable snapshot, a short lock, one copy in locked
// memory.
//
// Renewal (docs/refresh.md): five minutes ahead of expiry (a sixth of the life, where that is less), or
// when HubSpot calls a token expired; one at a time per connection over all processes, everybody who needs it
// shares it. The new token is durable, by compare-and-set on the generation, before it is used. A grant is
// dead only on HubSpot's own verdict about the newest stored refresh token, after a re-read. Everything else
// is trouble: retried with back-off, shown as what it is, while the old token is used for as long as it
// lives.
//
// Errors. CONNECTION_UNKNOWN, GRANT_DEAD (connect again), GRANT_UNAVAILABLE (Retry::Later), TOKEN_EXPIRED (a
// static token that HubSpot refuses), APP_UNKNOWN; from the commands also sentences of the store and the
// vault.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "core/named.hpp"
#include "core/secret.hpp"
#include "grants/app.hpp"
#include "grants/connection.hpp"
#include "grants/secret_rotation.hpp"

namespace hubward {
namespace crypto {
class Random;
}
namespace journal {
class Journal;
}
namespace leases {
class Leases;
}
namespace store {
class Database;
struct Schema;
}  // namespace store
namespace telemetry {
class Log;
class Metrics;
}  // namespace telemetry
namespace vault {
class Vault;
}
}  // namespace hubward

namespace hubward::grants {

class TokenEndpoint;
struct Shredded;  // grants/shredded.hpp

// The tables of this room in vault.db, for store::Database::open (docs/formats/grants.md).
store::Schema schema();

// What the room is built from. Everything outlives the Grants.
struct Parts {
  Loop& loop;
  const Clock& clock;
  crypto::Random& random;
  store::Database& database;  // vault.db, with grants::schema()
  vault::Vault& vault;
  journal::Journal& journal;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  TokenEndpoint& hubspot;
  leases::Leases& leases;  // shared by every process that uses the store
};

struct Settings {
  std::string public_url;  // "https://hubward.example.com", no slash at the end
  std::chrono::seconds invite_life{std::chrono::hours(1)};
  std::chrono::seconds install_life{std::chrono::minutes(10)};  // from the start of an install to its end
  std::chrono::milliseconds call_timeout{std::chrono::seconds(20)};  // one call to HubSpot
};

// A bearer token for one call.
struct Token {
  AppSnapshot app;  // whose it is: says which host to call and whom to trust
  Secret bearer;
  std::uint64_t generation = 0;
  GrantKind kind = GrantKind::Oauth;
};

// What became of a disconnect, for the person who asked: HubSpot's part and ours may differ.
struct Disconnected {
  std::vector<std::string> done;      // "the refresh token was revoked at HubSpot"
  std::vector<std::string> not_done;  // "HubSpot could not be reached: the refresh token still lives there"
  std::vector<std::string> remains;   // "access tokens already issued work for up to 30 minutes"
};
enum class Uninstall { No, Yes };

class Grants {
 public:
  // Loads every connection; opening their tokens proves that the vault opens what the store holds. Starts
  // nothing: see run().
  static Async<Result<std::unique_ptr<Grants>>> open(Parts parts, Settings settings, Apps apps);
  ~Grants();
  Grants(const Grants&) = delete;
  Grants& operator=(const Grants&) = delete;

  // --- For calls: any loop ---

  // A token that HubSpot should accept, or why there is none by the deadline.
  Async<Result<Token>> token_for(Loop& here, ConnectionName connection, Deadline deadline);
  // HubSpot answered 401 EXPIRED_AUTHENTICATION to a token of this generation, or any 401 to a static one: a
  // token of a newer one, renewing once if that generation is still the newest. Of a static token HubSpot is
  // asked, and a newer one that waits takes over.
  Async<Result<Token>> expired(Loop& here, ConnectionName connection, std::uint64_t generation,
                               Deadline deadline);

  // HubSpot refused a token of this generation as invalid: the app may have been uninstalled. HubSpot is
  // asked whether the grant lives, in the background and not more than once in five minutes.
  void refused(const ConnectionName& connection, std::uint64_t generation);

  // HubSpot answered a call with USER_DOES_NOT_HAVE_PERMISSIONS: recorded and shown, once for each token.
  void owner_missing(ConnectionName connection, std::uint64_t generation);

  // As they are at this moment, by name.
  std::vector<ConnectionView> list() const;
  std::optional<ConnectionView> show(const ConnectionName& connection) const;
  // Those that were disconnected within the last 30 days and not connected again since.
  std::vector<ConnectionView> departed() const;

  // Which app in which account stands behind it. APP_UNKNOWN when the configuration has no such app any more.
  struct Side {
    AppSnapshot app;
    HubId account;
    GrantKind kind = GrantKind::Oauth;
  };
  Result<Side> side_of(const ConnectionName& connection) const;

  // When its token is renewed next, as far as is planned; nothing while that is under way or cannot help.
  std::optional<SteadyPoint> next_try(const ConnectionName& connection) const;

  // --- For operators: the home loop ---

  // Connects an account with a private-app token or service key, or replaces the token of such a connection
  // (the account must stay the same). HubSpot is asked what the token is before it is kept.
  // The token that it replaces is kept for HubSpot's overlap of seven days. When HubSpot cannot be asked just
  // now, a token for a connection that exists waits, and takes over as soon as HubSpot honours it. `created`:
  // when it was made, if that is known.
  Async<Result<ConnectionView>> connect_static(ConnectionName connection, AppName app, Secret token,
                                               Actor actor, std::optional<TimePoint> created = {});
  // Ends a rotation: destroys the token that was replaced, and says whether HubSpot still honours it and when
  // it was used last.
  Async<Result<Disconnected>> finish_rotation(ConnectionName connection, Actor actor);
  // Revokes at HubSpot, shreds the data key, forgets the connection. What HubSpot did not do is said, and
  // does not keep the connection alive here.
  Async<Result<Disconnected>> disconnect(ConnectionName connection, Uninstall uninstall, Actor actor);
  // Destroys the connection's data key and all that it sealed, proves it, and only then revokes at HubSpot.
  Async<Result<Shredded>> shred(ConnectionName connection, Actor actor);
  // Renews now, whether it is due or not.
  Async<Result<ConnectionView>> renew(ConnectionName connection, Deadline deadline);

  // A new configuration. A connection whose app is gone keeps its grant and answers APP_UNKNOWN.
  // Which of an app's two client secrets HubSpot took, since the start.
  SecretUse secret_use(const AppName& app) const;
  void set_apps(Apps apps);

  // The background: renews ahead of time and clears away what has expired, until stop().
  Async<void> run();
  void stop();
  // After stop(): until no renewal is under way, since one may hold what HubSpot gave and the store does not
  // have yet. False when the deadline came first.
  Async<bool> drain(Deadline deadline);
  // Looks at the clock again at once, for tests that move it.
  void wake();

 private:
  friend class Installs;
  class State;
  explicit Grants(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hubward::grants
