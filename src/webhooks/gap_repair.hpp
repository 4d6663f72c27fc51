// SPDX-License-Identifier: Apache-2.0
// Finds what webhooks did not bring: reads HubSpot's webhook journal of each app that wants it, from where it
// was read last, at the start, every so often and when an operator asks. What a webhook brought already is
// known and left out; what the journal told first is known when its webhook comes after all
// (docs/webhooks.md).
//
// What was read is durable before the place in the journal moves on: a crash reads a file again and stores
// nothing twice. A resource of one loop; one journal is read at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/async.hpp"
#include "async/blocking_pool.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "grants/token_endpoint.hpp"
#include "hubspot/webhook_journal.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "webhooks/inbox.hpp"
#include "webhooks/journal_files.hpp"

namespace hubward::webhooks {

struct RepairSettings {
  grants::Apps apps;  // whose journals are read
  std::string path{hubspot::default_journal_path};
  std::string scope{hubspot::default_journal_scope};
  hubspot::JournalKinds kinds = hubspot::JournalKinds::Named;
  std::chrono::milliseconds tolerance{0};
  std::chrono::minutes every{15};
  std::uint64_t keep_free_bytes = 512ULL * 1024 * 1024;  // as at the webhooks' door
};

// What one reading came to.
struct Repaired {
  std::uint64_t files = 0, events = 0;
  std::uint64_t missing = 0;  // of the events: no webhook had brought them
  // The journal was not read for longer than HubSpot keeps it: what happened before its beginning is lost.
  bool came_too_late = false;
  bool more = false;   // the time was over before the journal was
  bool began = false;  // it had never been read: the place is remembered, what came before is not read
};

class GapRepair {
 public:
  // HubSpot keeps the journal about three days (hubspot.md section 4.5).
  static constexpr std::chrono::hours journal_life{3 * 24};
  static constexpr std::chrono::minutes after_trouble{1};  // until the next try
  static constexpr std::chrono::seconds call_timeout{20}, file_timeout{120};

  // Everything outlives the GapRepair.
  struct Parts {
    Loop& loop;
    const Clock& clock;
    Inbox& inbox;
    grants::TokenEndpoint& hubspot;
    JournalFiles& files;
    BlockingPool& pool;  // takes files apart
    telemetry::Metrics& metrics;
    telemetry::Log& log;
    std::function<std::uint64_t()> free_bytes;  // on the inbox's disk
  };
  GapRepair(Parts parts, std::shared_ptr<const RepairSettings> settings);
  void set(std::shared_ptr<const RepairSettings> settings);

  // Reads all journals now and then, until stop().
  Async<void> run();
  void stop();
  // After stop(): until nothing is under way; false when the deadline came first.
  Async<bool> drain(Deadline deadline);

  enum class From : unsigned char { WhereItWasRead, Earliest };
  // Reads one now; ends behind a file when `until` is over. REPAIR_UNDER_WAY (others were read until then),
  // JOURNAL_NOT_READ (the configuration does not want it), HUBSPOT_REFUSED, HUBSPOT_UNAVAILABLE,
  // JOURNAL_ADDRESS, JOURNAL_FILE, JOURNAL_INVALID, INBOX_FULL, STOPPING, and the store's.
  Async<Result<Repaired>> repair(AppName app, From from, Deadline until = Deadline::max());

  // Since the start, for operators.
  struct Facts {
    std::optional<TimePoint> read_at;     // the last time without trouble
    Repaired last;                        // what that came to
    std::uint64_t missing = 0;            // in all
    std::optional<TimePoint> late_at;     // when it had not been read for longer than HubSpot keeps it
    std::optional<TimePoint> trouble_at;  // when it failed, unless it succeeded since
    std::string trouble;
  };
  Facts facts(const AppName& app) const;
  bool reads(const AppName& app) const { return settings_->apps.contains(app); }

 private:
  struct Reading;
  Async<Result<Repaired>> read_on(grants::AppSnapshot app, From from, Deadline until);
  Async<Result<hubspot::JournalPosition>> begin(Reading& reading, From from);
  Async<Result<void>> renew_token(Reading& reading);
  Async<Result<std::optional<hubspot::JournalEntry>>> next_entry(Reading& reading);
  Async<Result<void>> take(Reading& reading, hubspot::JournalEntry entry);
  Async<Result<hubspot::JournalFile>> take_apart(const Reading& reading, std::string file);
  Async<Result<void>> store(const Reading& reading, const std::string& body);
  void note(const AppName& app, const Result<Repaired>& outcome);

  const Parts parts_;
  std::shared_ptr<const RepairSettings> settings_;
  std::map<AppName, Facts> facts_;
  bool busy_ = false, stopping_ = false;
  Signal changed_;
};

}  // namespace hubward::webhooks
