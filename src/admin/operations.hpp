// SPDX-License-Identifier: Apache-2.0
// What an operator can ask for and change, as functions from plain values to JSON. The router (admin/api.hpp)
// calls them, whether the question came over the socket, the operators' door, or from a command in a process
// of its own; who may ask is decided before (admin/doors.hpp), and every change is recorded by the router.
//
// A resource of the home loop of its Grants. The roster is an immutable snapshot, swapped whole by a reload.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/door_certificates.hpp"
#include "admin/roster.hpp"
#include "async/async.hpp"
#include "async/blocking_pool.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/secret.hpp"
#include "gateway/clients.hpp"
#include "grants/grants.hpp"
#include "grants/installs.hpp"
#include "journal/journal.hpp"
#include "pacing/pacer.hpp"
#include "telemetry/metrics.hpp"
#include "vault/vault.hpp"
#include "webhooks/deliveries.hpp"
#include "webhooks/gap_repair.hpp"
#include "webhooks/hooks.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::admin {

// Everything outlives the Operations.
struct Parts {
  const Clock& clock;
  BlockingPool& pool;
  const hubspot::Catalogue& catalogue;
  vault::Vault& vault;
  grants::Grants& grants;
  grants::Installs& installs;
  webhooks::Inbox& inbox;
  webhooks::Hooks& hooks;
  webhooks::Deliveries& deliveries;
  webhooks::GapRepair& gap_repair;
  gateway::Clients& clients;
  const pacing::Pacer& pacer;
  journal::Journal& journal;
  std::string version;
  // Wraps every key with the root key at this source ("file:…"); the room app knows how to read one.
  std::function<Async<Result<vault::RotationReport>>(std::string source)> rotate_root;
  // Closes what is kept open towards HubSpot for a connection that is gone. May be empty.
  std::function<void(const ConnectionName&)> forget_connection = {};
};

// An answer, and the one secret that it may show once.
struct Reply {
  Json json;
  std::string secret_member;  // its name in the answer: "key"
  std::optional<Secret> secret;
};

// A page of the journal.
struct JournalQuestion {
  enum class Lines { Text, Json, Csv } lines = Lines::Text;
  journal::Search search;
};

class Operations {
 public:
  Operations(Parts parts, std::shared_ptr<const Roster> roster);
  void set(std::shared_ptr<const Roster> roster) { roster_ = std::move(roster); }
  const Roster& roster() const { return *roster_; }
  // Where to look for the certificates of the doors that are open; without it none is known.
  void watch_doors(std::function<std::vector<DoorCertificate>()> certificates) {
    door_certificates_ = std::move(certificates);
  }
  const hubspot::Catalogue& catalogue() const { return parts_.catalogue; }

  Async<Result<Json>> status() const;
  // Whether calls can be served, and what an operator should know besides: {"ready", …}.
  Async<Result<Json>> readiness() const;

  // Figures that are true at the moment they are asked for: the journal's lag, connections by state, how long
  // the token lives that ends first, and the certificate of each door.
  // And what waits for each destination of webhooks; an error leaves those figures as they were.
  Async<Result<void>> measure(telemetry::Metrics& metrics) const;

  // As configured and, while its client secret is being changed, which one HubSpot takes.
  Result<Json> show_app(const AppName& name) const;
  Json list_connections() const;
  Result<Json> show_connection(const ConnectionName& name) const;
  Async<Result<Json>> invite(grants::InviteOrder order, grants::Actor actor);
  // A static token for a connection, new or not; without `app` that of the connection as it is.
  // `created`: when it was made, if that is known.
  Async<Result<Json>> put_token(ConnectionName name, std::optional<AppName> app, Secret token,
                                std::optional<TimePoint> created, grants::Actor actor);
  // Destroys the token that was replaced.
  Async<Result<Json>> finish_rotation(ConnectionName name, grants::Actor actor);
  Async<Result<Json>> refresh(ConnectionName name);
  Async<Result<Json>> disconnect(ConnectionName name, grants::Uninstall uninstall, grants::Actor actor);

  // Destroys the connection's data key and answers the certificate; `confirmed` must be its name once more.
  Async<Result<Json>> shred(ConnectionName name, std::string confirmed, grants::Actor actor);

  // What HubSpot lets each app do in each account that was called lately, and what of it is used.
  Json list_limits() const;

  Json list_clients() const;
  Result<Json> show_client(const ClientName& name) const;
  // Role and connections must exist: a client of a misspelled one would be refused without a reason in sight.
  Async<Result<Reply>> create_client(gateway::NewClient wanted);
  Async<Result<Reply>> rotate_client(ClientName name, std::chrono::seconds overlap);
  Async<Result<Json>> rotate_certificate(ClientName name, crypto::Digest key_hash,
                                         std::chrono::seconds overlap);
  Async<Result<Json>> revoke_client(ClientName name);

  Async<Result<Json>> key_status() const;
  Async<Result<Json>> rotate_root(std::string source);

  // What came to the webhook door, by app and outcome, and what the inbox holds.
  Async<Result<Json>> webhook_status() const;
  // {"events", "next"}: a page, newest first, without what the events say.
  Async<Result<Json>> list_events(webhooks::tables::EventQuestion question) const;
  // One event with its payload; values of sensitive properties are masked.
  Async<Result<Json>> show_event(webhooks::EventId id) const;

  // {"request"}: the next one for the app as it came, whatever becomes of it; null when none came in time.
  Async<Result<Json>> capture_hook(AppName app, std::chrono::seconds wait);
  // Reads the app's webhook journal now, from where it was read last or from its beginning, for some
  // seconds: {"more"} says whether it goes on.
  Async<Result<Json>> repair(AppName app, webhooks::GapRepair::From from);
  Async<Result<Json>> list_destinations() const;
  // {"dead", "next"}: a page of dead letters, newest first.
  Async<Result<Json>> list_dead(std::optional<webhooks::DestinationName> destination,
                                std::optional<std::int64_t> before, std::int64_t limit) const;
  Async<Result<Json>> redrive(webhooks::Deliveries::Choice choice);
  Async<Result<Json>> discard(webhooks::Deliveries::Choice choice);
  Async<Result<Json>> replay(webhooks::DestinationName destination, webhooks::tables::EventQuestion events);
  Async<Result<Json>> enable(webhooks::DestinationName destination);
  Async<Result<Json>> disable(webhooks::DestinationName destination, std::string cause);

  // {"header", "lines", "next"}: lines with their ends, as they are to be printed.
  Async<Result<Json>> search_journal(JournalQuestion question) const;
  Async<Result<Json>> tail_journal(JournalQuestion::Lines lines, std::size_t count) const;

 private:
  std::vector<std::string> troubles() const;
  // What an operator should know of a connection besides its state: sentences.
  std::vector<std::string> notes_on(const grants::ConnectionView& view) const;
  Json journal_facts() const;
  Json certificate_facts() const;
  std::vector<DoorCertificate> door_certificates() const;

  Parts parts_;
  std::shared_ptr<const Roster> roster_;
  TimePoint since_;
  std::function<std::vector<DoorCertificate>()> door_certificates_;
};

// A record on one line, for people.
std::string to_line(const journal::Record& record);

}  // namespace hubward::admin
