// SPDX-License-Identifier: Apache-2.0
// Where verified events rest until they have been delivered: inbox.db. What accept() acknowledged survives a
// crash of the program and of the machine, and no event is stored twice within the horizon. Payloads are
// sealed under the vault's inbox key, each bound to its identity; what lists and filters need is not
// (docs/formats/inbox.md).
//
// A resource of one loop; its coroutines resume there. The database writes on its own thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "hubspot/webhook_events.hpp"
#include "webhooks/destination.hpp"
#include "webhooks/event_facts.hpp"
#include "webhooks/tables.hpp"

namespace hubward::webhooks {

// A request as it may be recognised when somebody sends it again.
struct RequestMark {
  crypto::Digest signature{};  // of its signature and timestamp
  TimePoint until{};           // when it is too old to be genuine anyway
};

// Who tells of events, and how far apart two moments may be that are told of and still be one. Where nobody
// reads the app's webhook journal, nothing has to be compared.
struct Telling {
  tables::Teller teller = tables::Teller::Webhook;
  std::optional<std::chrono::milliseconds> tolerance = {};
};

// How long what is kept.
struct Retention {
  std::chrono::hours duplicates{14 * 24};  // an event that comes again within this is not stored again
  std::chrono::hours events{7 * 24};       // once delivered everywhere
};

class Inbox {
 public:
  // Everything outlives the Inbox.
  struct Parts {
    store::Database& file;  // with webhooks::schema()
    const Secret& key;      // 32 bytes
    crypto::Random& random;
    const Clock& clock;
  };
  explicit Inbox(Parts parts) : parts_(parts) {}

  // Durable when it returns without an error. An event that nothing identifies is the same as another only
  // within one mark, or where there is none. `events` and what they view must live until then. Errors:
  // HOOK_REPLAYED (the mark was seen before; nothing was stored), and the store's.
  Async<Result<void>> accept(const AppName& app, const std::vector<hubspot::WebhookEvent>& events,
                             std::optional<RequestMark> mark, Telling telling = {});

  // From now on accepted events go where these say.
  void set(std::shared_ptr<const Routes> routes) { routes_ = std::move(routes); }
  // Called on the loop after events became durable.
  void on_accepted(std::function<void()> wake) { wake_ = std::move(wake); }

  // The number of a destination; a new name gets a new one.
  Async<Result<std::int64_t>> number_of(DestinationName name);

  // Newest first.
  Async<Result<std::vector<EventFacts>>> list(tables::EventQuestion question) const;
  struct Whole {
    EventFacts facts;
    std::string payload;  // the event's JSON as it came; customers' data
  };
  Async<Result<Whole>> read(EventId id) const;  // EVENT_UNKNOWN
  Result<std::string> open_payload(const EventFacts& facts, const Bytes& sealed) const;

  struct Counts {
    std::uint64_t events = 0, waiting = 0, dead = 0;
    std::uint64_t duplicates = 0;  // ever
    std::uint64_t repaired = 0;    // ever: that the journal alone told of
  };
  Async<Result<Counts>> count() const;

  // How far the webhook journal of an app has been read.
  struct JournalPlace {
    std::string offset;  // empty: it held nothing when it was looked at first
    TimePoint moved{};   // when the entry there was read
    TimePoint ended{};   // when there was last nothing more to read
  };
  Async<Result<std::optional<JournalPlace>>> journal_place(AppName app) const;
  Async<Result<std::uint64_t>> repaired() const;  // as Counts has it
  Async<Result<void>> set_journal_place(AppName app, std::string offset);
  Async<Result<void>> note_journal_end(AppName app);

  // Removes what has outlived its retention, in steps small enough that nobody waits for them.
  Async<Result<void>> clear(Retention retention);

  store::Database& file() const { return parts_.file; }

 private:
  Async<Result<void>> forget(TimePoint seen);
  Async<Result<void>> remove_events(TimePoint before);
  Result<void> add_event(std::vector<store::Statement>& to, const AppName& app,
                         const hubspot::WebhookEvent& event, TimePoint received,
                         const std::optional<RequestMark>& mark, const Telling& telling) const;

  const Parts parts_;
  std::shared_ptr<const Routes> routes_ = std::make_shared<const Routes>();
  std::function<void()> wake_;
};

}  // namespace hubward::webhooks
