// SPDX-License-Identifier: Apache-2.0
#include "webhooks/gap_repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "grants/hubspot_says.hpp"
#include "grants/oauth_caller.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::webhooks {
namespace {

using hubspot::JournalPosition;

std::unexpected<Error> stopping() {
  return failure("STOPPING", Fault::Us, Retry::Later, "the gateway is stopping");
}

std::string_view outcome_of(const Result<Repaired>& outcome) {
  return outcome ? "read" : "failed";
}

}  // namespace

// One journal while it is read.
struct GapRepair::Reading {
  grants::AppSnapshot app;
  std::shared_ptr<const RepairSettings> settings;
  Secret token = {};
  bool token_is_fresh = false;  // HubSpot has not taken it yet
  JournalPosition position = {};
  Repaired so_far = {};
};

GapRepair::GapRepair(Parts parts, std::shared_ptr<const RepairSettings> settings)
    : parts_(std::move(parts)), settings_(std::move(settings)), changed_(parts_.loop) {}

void GapRepair::set(std::shared_ptr<const RepairSettings> settings) {
  settings_ = std::move(settings);
  changed_.notify();
}

Async<void> GapRepair::run() {
  while (!stopping_) {
    bool troubled = false;
    const std::shared_ptr<const RepairSettings> settings = settings_;
    for (const auto& [name, app] : settings->apps) {
      if (stopping_) co_return;
      Result<Repaired> repaired = co_await repair(name, From::WhereItWasRead);
      if (!repaired && repaired.error().retry == Retry::Later) troubled = true;
    }
    std::chrono::minutes pause = troubled ? std::min(after_trouble, settings->every) : settings->every;
    Deadline next = after(pause);
    // Woken for other reasons, too.
    while (!stopping_ && settings == settings_ && Deadline::clock::now() < next) co_await changed_.wait(next);
  }
}

void GapRepair::stop() {
  stopping_ = true;
  changed_.notify();
}

Async<bool> GapRepair::drain(Deadline deadline) {
  while (busy_) {
    bool told = co_await changed_.wait(deadline);
    if (!told && busy_) co_return false;
  }
  co_return true;
}

Async<Result<Repaired>> GapRepair::repair(AppName app, From from, Deadline until) {
  while (busy_ && !stopping_) {
    bool told = co_await changed_.wait(until);
    if (!told && busy_)
      co_return failure(
          "REPAIR_UNDER_WAY", Fault::Us, Retry::Later,
          "a webhook journal is being read just now; `hubward webhook status` tells how it went");
  }
  if (stopping_) co_return stopping();
  auto found = settings_->apps.find(app);
  if (found == settings_->apps.end())
    co_return invalid("JOURNAL_NOT_READ", fmt::format("the webhook journal of app {} is not read; set "
                                                      "webhook_journal = true in [apps.{}]",
                                                      app.text, app.text));
  busy_ = true;
  Result<Repaired> outcome = co_await read_on(found->second, from, until);
  busy_ = false;
  note(app, outcome);
  changed_.notify();
  co_return outcome;
}

Async<Result<Repaired>> GapRepair::read_on(grants::AppSnapshot app, From from, Deadline until) {
  Reading reading{std::move(app), settings_};
  Result<void> renewed = co_await renew_token(reading);
  if (!renewed) co_return std::unexpected(renewed.error());
  Result<JournalPosition> position = co_await begin(reading, from);
  if (!position) co_return std::unexpected(position.error());
  reading.position = std::move(*position);
  while (true) {
    if (stopping_) co_return stopping();
    auto entry = co_await next_entry(reading);
    if (!entry) co_return std::unexpected(entry.error());
    // An entry that follows itself would be read for ever.
    bool is_end = !*entry || (*entry)->offset == reading.position.offset;
    Result<void> done;
    if (reading.so_far.began) {
      std::string offset = is_end ? std::string() : (*entry)->offset;
      done = co_await parts_.inbox.set_journal_place(reading.app->name, std::move(offset));
    } else if (is_end) {
      done = co_await parts_.inbox.note_journal_end(reading.app->name);
    } else {
      done = co_await take(reading, std::move(**entry));
    }
    if (!done) co_return std::unexpected(done.error());
    if (is_end || reading.so_far.began) co_return reading.so_far;
    reading.so_far.more = Deadline::clock::now() >= until;
    if (reading.so_far.more) co_return reading.so_far;
  }
}

Async<Result<JournalPosition>> GapRepair::begin(Reading& reading, From from) {
  if (from == From::Earliest) co_return JournalPosition{JournalPosition::From::Earliest};
  auto place = co_await parts_.inbox.journal_place(reading.app->name);
  if (!place) co_return std::unexpected(place.error());
  if (!*place) {
    reading.so_far.began = true;
    co_return JournalPosition{JournalPosition::From::Latest};
  }
  reading.so_far.came_too_late = parts_.clock.now() - (*place)->ended > journal_life;
  // What HubSpot answers about an entry that it does not have any more is not documented: better from the
  // beginning, of which all is known, than not at all.
  bool is_gone = parts_.clock.now() - (*place)->moved > journal_life;
  if (is_gone || !hubspot::is_journal_offset((*place)->offset))
    co_return JournalPosition{JournalPosition::From::Earliest};
  co_return JournalPosition{JournalPosition::From::After, std::move((*place)->offset)};
}

Async<Result<void>> GapRepair::renew_token(Reading& reading) {
  grants::OauthCaller caller(parts_.hubspot, reading.app, call_timeout);
  auto granted = grants::value_or_reason("asking HubSpot for a token to read the webhook journal with",
                                         co_await caller.client_credentials(reading.settings->scope));
  if (!granted) co_return std::unexpected(granted.error());
  reading.token = std::move(granted->access_token);
  reading.token_is_fresh = true;
  co_return Result<void>();
}

Async<Result<std::optional<hubspot::JournalEntry>>> GapRepair::next_entry(Reading& reading) {
  using Either = std::variant<hubspot::JournalEntry, hubspot::JournalEnd>;
  while (true) {
    hubspot::OauthCall call = hubspot::journal_call(reading.settings->path, reading.position, reading.token);
    Result<hubspot::OauthAnswer> answer =
        co_await parts_.hubspot.ask(reading.app, std::move(call), after(call_timeout));
    if (!answer) co_return while_doing("reading the webhook journal", answer.error());
    // It lives half an hour, and a long journal takes longer.
    if (answer->status == 401 && !reading.token_is_fresh) {
      Result<void> renewed = co_await renew_token(reading);
      if (!renewed) co_return std::unexpected(renewed.error());
      continue;
    }
    reading.token_is_fresh = false;
    auto read = grants::value_or_reason<Either>("reading the webhook journal",
                                                hubspot::read_journal_entry(reading.position, *answer));
    if (!read) co_return std::unexpected(read.error());
    if (std::holds_alternative<hubspot::JournalEnd>(*read)) co_return std::nullopt;
    co_return std::move(std::get<hubspot::JournalEntry>(*read));
  }
}

Async<Result<void>> GapRepair::take(Reading& reading, hubspot::JournalEntry entry) {
  if (parts_.free_bytes() < reading.settings->keep_free_bytes)
    co_return failure("INBOX_FULL", Fault::Store, Retry::Later,
                      "the disk of the inbox is nearly full; make room, and the journal is read on");
  Result<std::string> text =
      co_await parts_.files.fetch(reading.app, std::move(entry.address), after(file_timeout));
  if (!text) co_return std::unexpected(text.error());
  auto before = co_await parts_.inbox.repaired();
  if (!before) co_return std::unexpected(before.error());
  Result<hubspot::JournalFile> file = co_await take_apart(reading, std::move(*text));
  if (!file) co_return std::unexpected(file.error());
  for (const std::string& body : file->bodies) {
    Result<void> stored = co_await store(reading, body);
    if (!stored) co_return stored;
  }
  Result<void> moved = co_await parts_.inbox.set_journal_place(reading.app->name, entry.offset);
  if (!moved) co_return moved;
  auto now = co_await parts_.inbox.repaired();
  if (!now) co_return std::unexpected(now.error());
  reading.position = {JournalPosition::From::After, std::move(entry.offset)};
  ++reading.so_far.files;
  reading.so_far.events += file->events;
  reading.so_far.missing += *now - *before;
  co_return Result<void>();
}

// A file of HubSpot's may have megabytes; requests are not to wait for it.
Async<Result<hubspot::JournalFile>> GapRepair::take_apart(const Reading& reading, std::string file) {
  hubspot::JournalReading how{.kinds = reading.settings->kinds};
  auto read = std::make_shared<Result<hubspot::JournalFile>>(hubspot::JournalFile());
  Result<void> ran = co_await parts_.pool.run(
      [read, how, file = std::move(file)] { *read = hubspot::read_journal_file(file, how); });
  if (!ran) co_return std::unexpected(ran.error());
  co_return std::move(*read);
}

Async<Result<void>> GapRepair::store(const Reading& reading, const std::string& body) {
  auto events = hubspot::read_events(body, {.bytes = body.size()});
  if (!events) co_return std::unexpected(events.error());
  Telling telling{tables::Teller::Journal, reading.settings->tolerance};
  co_return co_await parts_.inbox.accept(reading.app->name, *events, std::nullopt, telling);
}

void GapRepair::note(const AppName& app, const Result<Repaired>& outcome) {
  Facts& facts = facts_[app];
  parts_.metrics
      .counter("hubward_webhook_journal_readings_total", "Readings of HubSpot's webhook journal, by outcome",
               {{"app", app.text}, {"outcome", std::string(outcome_of(outcome))}})
      .add();
  if (!outcome) {
    facts.trouble_at = parts_.clock.now();
    facts.trouble = outcome.error().message;
    parts_.log.warning("webhook.journal", {{"app", app}, {"why", outcome.error().message}});
    return;
  }
  facts.trouble_at.reset();
  facts.trouble.clear();
  facts.read_at = parts_.clock.now();
  facts.last = *outcome;
  facts.missing += outcome->missing;
  parts_.metrics
      .counter("hubward_webhook_missing_events_total", "Events that only the webhook journal told of",
               {{"app", app.text}})
      .add(static_cast<double>(outcome->missing));
  if (outcome->came_too_late) facts.late_at = facts.read_at;
  if (outcome->came_too_late)
    parts_.log.warning("webhook.journal",
                       {{"app", app},
                        {"why",
                         "it was not read for longer than HubSpot keeps it, about three days: events "
                         "from before its beginning may be missing"}});
  if (outcome->missing > 0)
    parts_.log.info("webhook.repaired", {{"app", app}, {"missing", outcome->missing}});
}

GapRepair::Facts GapRepair::facts(const AppName& app) const {
  auto found = facts_.find(app);
  return found == facts_.end() ? Facts() : found->second;
}

}  // namespace hubward::webhooks
