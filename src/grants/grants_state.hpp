// SPDX-License-Identifier: Apache-2.0
// The inside of a Grants, shared by the sources of this room: grants.cpp hands tokens out, renewal.cpp and
// refreshing.cpp renew them, connecting.cpp and installs.cpp bring new ones, disconnecting.cpp takes them
// away.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "grants/app_doubt.hpp"
#include "grants/grants.hpp"
#include "grants/holding.hpp"
#include "grants/oauth_caller.hpp"
#include "grants/renewal_schedule.hpp"
#include "grants/stored_grant.hpp"
#include "journal/record.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::grants {

// So many renewals run at once; more are due and wait. HubSpot's token endpoint has limits of its own.
constexpr std::size_t most_renewals = 32;
// How often expired invites and installs are cleared away.
constexpr std::chrono::milliseconds sweep_interval = std::chrono::minutes(1);

// A grant that HubSpot just gave, not kept yet.
struct FreshGrant {
  ConnectionName connection;
  AppSnapshot app;
  GrantKind kind = GrantKind::Oauth;
  HubId hub_id;
  std::string region;
  std::vector<std::string> scopes;
  std::optional<std::chrono::seconds> expires_in;
  Secret access_token;
  std::optional<Secret> refresh_token;
  std::optional<StoredStatic> token;   // of a static token
  std::vector<store::Statement> also;  // in the same transaction: uses up the invite
  bool only_new = false;               // not in place of a connection that is there
};

// A visit that came back from HubSpot's consent page with a code.
struct AnsweredInvite {
  AppSnapshot app;
  StoredInvite invite;
  std::string redirect_uri;
  Secret code;
  std::optional<Secret> verifier;
};
struct Installed {
  ConnectionView connection;
  std::vector<std::string> missing_scopes;  // asked for as required, and not granted
};

class Grants::State : public std::enable_shared_from_this<State> {
 public:
  State(Parts given, Settings chosen, Apps apps);

  // --- Any thread ---

  struct Entry {
    std::shared_ptr<Holding> holding;
    AppSnapshot app;  // null when the configuration has none of that name
  };
  struct Directory {
    Apps apps;
    std::map<ConnectionName, Entry> entries;
    std::map<ConnectionName, ConnectionView> departed;
  };
  std::shared_ptr<const Directory> directory() const;
  Result<Entry> find(const ConnectionName& connection) const;
  AppSnapshot app(const AppName& name) const;  // null when there is none
  // As it is at this moment.
  ConnectionView shown(const Entry& entry) const;
  Async<Result<Token>> token(Loop& here, ConnectionName connection, Deadline deadline);

  // --- The home loop: grants.cpp ---

  Async<Result<void>> load();
  Async<Result<std::vector<ConnectionView>>> stored_departed(store::Statement question) const;
  void set_apps(Apps apps);
  void publish(const std::shared_ptr<Holding>& holding);
  void unpublish(const ConnectionName& connection);
  // Shows it among the departed, as the store has it.
  Async<void> remember_departed(ConnectionName connection);
  OauthCaller caller(AppSnapshot app);
  // From what is stored; `before` are the facts of the token it replaces.
  GrantFacts facts_of(const StoredGrant& grant, const GrantFacts& before = {});
  std::optional<TokenLife> life_of(const StoredGrant& grant, const GrantFacts& before) const;
  double chance();  // from 0 to 1
  // For renewal_time(): of a few moments the least crowded one, so that no ten seconds get much more than
  // their share.
  double calm_jitter(const std::optional<TokenLife>& life);
  // What happened to a connection, in the journal and the log. A journal that cannot take it is logged: what
  // has happened at HubSpot cannot be undone for want of a record.
  SecretUses secret_uses;
  void record(std::string operation, const ConnectionName& connection, std::vector<journal::Field> details);
  // The same, with the change of state that came with it ("from", "to") where there is one.
  void record_change(std::string operation, const std::shared_ptr<Holding>& holding,
                     std::vector<journal::Field> details);
  // What HubSpot grants now against what it granted before and what the app requires: recorded when it
  // changed, and with a new grant when something is missing.
  void compare_scopes(const StoredGrant& now, const std::vector<std::string>& before);
  // Records a change of state that came by itself: a renewal has begun, or is due and has not.
  void observe(const std::shared_ptr<Holding>& holding);

  // --- The home loop: connecting.cpp ---

  // Keeps a grant in one transaction and puts it to use. ACCOUNT_MISMATCH, APP_MISMATCH when the name stands
  // for another account or app.
  Async<Result<ConnectionView>> keep(FreshGrant fresh);
  // A connection of this account through this app, whatever its state; of any account where none is named.
  std::optional<ConnectionName> connected_as(const AppName& app, std::optional<HubId> account) const;
  Async<Result<std::optional<StoredGrant>>> stored(ConnectionName connection);

  // --- The home loop: installing.cpp ---

  Async<Result<Installed>> install(AnsweredInvite answered);

  // --- The home loop: renewal.cpp ---

  // `self` keeps this state alive for as long as it runs.
  static Async<void> run(std::shared_ptr<State> self);
  void reschedule(const std::shared_ptr<Holding>& holding);
  void start_due();
  // Renews it now, unless that is under way.
  void ask_about(const std::shared_ptr<Holding>& holding);
  Async<Result<ConnectionView>> renew_now(ConnectionName connection, Deadline deadline);
  Async<bool> drain(Deadline deadline);

  // --- The home loop: refreshing.cpp ---

  struct Adopted {
    StoredGrant grant;
    Secret access_token;
    std::optional<TokenLife> life = {};  // where it is known better than from the stored times
  };
  Async<Result<Adopted>> opened(StoredGrant grant);
  // Takes a grant into use: the newest one stored.
  void adopt(const std::shared_ptr<Holding>& holding, Adopted adopted);

  // --- The home loop: disconnecting.cpp ---

  Async<Result<Disconnected>> disconnect(ConnectionName connection, Uninstall uninstall, Actor actor);

  // --- The home loop: static_tokens.cpp ---

  Async<Result<ConnectionView>> connect_static(ConnectionName connection, AppName app, Secret token,
                                               Actor actor, std::optional<TimePoint> created);
  Async<Result<Disconnected>> finish_rotation(ConnectionName connection, Actor actor);
  static Async<void> owner_missing(std::shared_ptr<State> self, ConnectionName connection,
                                   std::uint64_t generation);
  // The calendar, the old tokens whose time is over, what other processes changed.
  Async<void> sweep_static();

  // --- The home loop: shredding.cpp ---

  Async<Result<Shredded>> shred(ConnectionName connection, Actor actor);

  // Constant after construction.
  const Parts parts;
  const Settings settings;

  // The home loop.
  bool stopping = false;
  Signal changed;

 private:
  Async<Result<FreshGrant>> inspected(AnsweredInvite answered, hubspot::Granted granted);
  Async<void> take_back(AppSnapshot its_app, ConnectionName connection, std::optional<HubId> account,
                        Secret refresh_token);
  // What HubSpot says of a static token. HUBSPOT_REFUSED, or trouble (Retry::Later).
  struct Introduced {
    HubId hub_id;
    std::string region;
    std::vector<std::string> scopes;
    std::optional<std::uint64_t> user_id, app_id;
  };
  Async<Result<Introduced>> introduced(AppSnapshot its_app, Secret token);
  Async<Result<ConnectionView>> let_wait(StoredGrant row, Secret token, TokenBirth birth, std::string why);
  Async<Result<ConnectionView>> switch_token(ConnectionName connection, Secret token, TokenBirth birth,
                                             Introduced facts);
  Async<Result<void>> destroy_previous(StoredGrant row);
  Async<void> flush_uses(std::shared_ptr<Holding> holding);
  Async<void> sweep_one(std::shared_ptr<Holding> holding, StoredGrant row);
  // static_check.cpp: the renewal of a static token.
  static Async<void> check_static(std::shared_ptr<State> self, std::shared_ptr<Holding> holding);
  Async<void> check(std::shared_ptr<Holding> holding);
  Async<bool> try_waiting(AppSnapshot its_app, StoredGrant row);
  Async<void> check_present(std::shared_ptr<Holding> holding, AppSnapshot its_app, StoredGrant row);
  Async<void> fail_static(std::shared_ptr<Holding> holding, std::optional<StoredGrant> row, Error error);
  struct Doomed;
  Async<Result<Doomed>> doomed(ConnectionName connection);
  Async<Disconnected> end_at_hubspot(AppSnapshot its_app, Doomed gone);
  // One flight with what it handles: the driver of the refresh protocol (refreshing.cpp).
  class Renewal;
  static Async<void> renew(std::shared_ptr<State> self, std::shared_ptr<Holding> holding);
  void probe_dead_of(const AppName& app);
  Async<void> sweep();

  // Under its lock.
  mutable std::mutex directory_mutex_;
  std::shared_ptr<const Directory> directory_;

  // The home loop.
  RenewalSchedule schedule_;
  std::map<AppName, AppDoubt> app_doubts_;
  std::size_t active_ = 0;
  const telemetry::Counter renewed_, adopted_, troubled_, doubted_, died_;
};

}  // namespace hubward::grants
