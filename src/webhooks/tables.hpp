// SPDX-License-Identifier: Apache-2.0
// The room's tables in inbox.db and the statements on them (docs/formats/inbox.md says what the rows mean).
// Statements and rows are values; nothing here waits.
//
//   inbox_events        every event that was accepted, its payload sealed
//   inbox_seen          the identity of every event within the horizon, so that none is stored twice
//   inbox_requests      the signatures of the requests within the window in which they could be sent again
//   inbox_destinations  the numbers of destinations, which outlive their configuration
//   inbox_deliveries    what is still to be delivered, and dead letters; a row goes when it was delivered
//   inbox_happenings    what happened and when, of apps whose webhook journal is read, by whoever told first
//   inbox_journals      how far the webhook journal of an app has been read
//   inbox_figures       counters that must be as durable as what they count
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "store/database.hpp"
#include "webhooks/destination.hpp"
#include "webhooks/event_facts.hpp"

namespace hubward::webhooks {

// For store::Database::open.
store::Schema schema();

namespace tables {

enum class DeliveryState : std::int64_t { Waiting = 0, Dead = 1 };

// Who told of an event.
enum class Teller : std::int64_t { Webhook = 0, Journal = 1 };

// What happened, and when, so that two that tell of it are known to (docs/webhooks.md). A webhook is the same
// as what the journal told before, but never as another webhook: two subscriptions may tell of one happening.
// The journal is the same as either.
struct Happening {
  Teller teller = Teller::Webhook;
  crypto::Digest what{};
  TimePoint when{};
  std::chrono::milliseconds tolerance{0};  // how far apart two moments may be and still be one
};

// --- Accepting. In one transaction and in this order: the request, then for each event those that it needs,
// each of which looks at what the one before it changed. ---

// STORE_CONFLICT when the same signature was seen before.
store::Statement insert_request(const crypto::Digest& signature, TimePoint until);
// Does nothing when the identity was seen before. `occurred`: when the event says that it did.
store::Statement insert_seen(const EventFacts& facts, std::optional<TimePoint> occurred);
// Does nothing when it was, or when what happened was told.
store::Statement insert_event(const EventFacts& facts, std::int64_t lane, Bytes sealed,
                              const std::optional<Happening>& happening);
// Both for the event just inserted, if it was.
store::Statement count_repaired();
store::Statement insert_happening(const EventFacts& facts, const Happening& happening);
// For the event just inserted, if it was: the newest of the file. Not without destinations.
store::Statement insert_deliveries(const EventFacts& facts, std::int64_t lane,
                                   const std::vector<std::int64_t>& destinations);
store::Statement count_duplicate();

// --- Clearing, in bounded steps ---

// What is remembered of requests and events. One row, of count_forgettable: how many would still go.
std::vector<store::Statement> forget_before(TimePoint requests_now, TimePoint seen_before,
                                            std::int64_t most_rows);
store::Statement count_forgettable(TimePoint requests_now, TimePoint seen_before, std::int64_t most_rows);
// The events themselves, by number, in steps: one row, the last number of the `most_rows` behind `after`
// (null: there is none), how many there were, and how many of them came before `before`; and the statement
// that removes those up to that number, but for what is still to be delivered.
store::Statement select_old_events(std::int64_t after, TimePoint before, std::int64_t most_rows);
store::Statement remove_old_events(std::int64_t after, std::int64_t last, TimePoint before);
// --- Reading ---

// The columns that facts_from reads, then the sealed payload where `payload`.
struct EventQuestion {
  std::optional<EventId> id;
  std::optional<AppName> app;
  std::optional<HubId> account;
  std::optional<std::string> kind;
  std::optional<TimePoint> from, to;  // received
  std::optional<EventId> before;      // the page after: newest first
  std::optional<EventId> after;       // what came since: then oldest first
  std::int64_t limit = 100;
  bool payload = false;
};
store::Statement select_events(const EventQuestion& question);
// " AND …" for each condition of the question, its values appended; for a statement on inbox_events.
void narrow(store::Statement& statement, const EventQuestion& question);
EventFacts facts_from(const store::Row& row);
constexpr std::size_t sealed_column = 14;

// One row: events, deliveries waiting, dead letters, duplicates, events that the journal alone told of.
store::Statement select_counts();
store::Statement select_repaired();  // the last of them

// --- The webhook journals of apps ---

// The offset of the entry read last ("" when there was none to begin with), when that was, and when the
// journal was last read to its end; or no row.
store::Statement select_journal_place(const AppName& app);
store::Statement set_journal_place(const AppName& app, const std::string& offset, TimePoint now);
store::Statement note_journal_end(const AppName& app, TimePoint now);

// --- Destinations ---

store::Statement insert_destination(const DestinationName& name);  // unless it is there
// Number, name, when it was disabled or nothing, and why.
store::Statement select_destinations();

}  // namespace tables
}  // namespace hubward::webhooks
