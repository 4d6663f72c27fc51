// SPDX-License-Identifier: Apache-2.0
#include "webhooks/inbox.hpp"

#include <utility>

#include "async/await.hpp"
#include "core/json.hpp"
#include "crypto/aead.hpp"
#include "crypto/binding.hpp"
#include "hubspot/webhook_journal.hpp"

namespace hubward::webhooks {
namespace {

// So few rows go in one transaction that requests which come meanwhile are not kept waiting.
constexpr std::int64_t rows_cleared_at_once = 2000;

Bytes place_of(const Bytes& identity) {
  return crypto::binding({"hubward inbox event 1", text_of(identity)});
}

// Two requests may well bring the same words about different happenings where nothing in them identifies one:
// a workflow that runs twice. Losing one would be worse than having one twice.
Bytes identity_within(const RequestMark& mark, const Bytes& identity) {
  crypto::Digest both = crypto::sha256({mark.signature, identity});
  return {both.begin(), both.begin() + identity_size};
}

std::optional<tables::Happening> happening_in(const hubspot::WebhookEvent& event, const Telling& telling) {
  if (!telling.tolerance) return std::nullopt;
  std::optional<crypto::Digest> what = hubspot::happening_of(event);
  if (!what) return std::nullopt;
  return tables::Happening{telling.teller, *what, *event.occurred, *telling.tolerance};
}

}  // namespace

Result<void> Inbox::add_event(std::vector<store::Statement>& to, const AppName& app,
                              const hubspot::WebhookEvent& event, TimePoint received,
                              const std::optional<RequestMark>& mark, const Telling& telling) const {
  EventFacts facts = facts_of(event, app, received);
  if (!event.identified && mark) facts.identity = identity_within(*mark, facts.identity);
  Result<Bytes> sealed =
      crypto::seal_payload(parts_.key, place_of(facts.identity), bytes_of(event.bytes), parts_.random);
  if (!sealed) return std::unexpected(sealed.error());
  std::int64_t lane = lane_of(facts);
  std::optional<tables::Happening> happening = happening_in(event, telling);
  to.push_back(tables::insert_seen(facts, event.occurred));
  to.push_back(tables::insert_event(facts, lane, std::move(*sealed), happening));
  if (telling.teller == tables::Teller::Journal) to.push_back(tables::count_repaired());
  if (happening) to.push_back(tables::insert_happening(facts, *happening));
  std::vector<std::int64_t> destinations = destinations_for(*routes_, facts);
  if (!destinations.empty()) to.push_back(tables::insert_deliveries(facts, lane, destinations));
  to.push_back(tables::count_duplicate());
  return {};
}

Async<Result<void>> Inbox::accept(const AppName& app, const std::vector<hubspot::WebhookEvent>& events,
                                  std::optional<RequestMark> mark, Telling telling) {
  TimePoint received = parts_.clock.now();
  std::vector<store::Statement> transaction;
  transaction.reserve(1 + 6 * events.size());
  if (mark) transaction.push_back(tables::insert_request(mark->signature, mark->until));
  for (const hubspot::WebhookEvent& event : events) {
    Result<void> added = add_event(transaction, app, event, received, mark, telling);
    if (!added) co_return added;
  }
  if (transaction.empty()) co_return Result<void>();
  Result<void> committed = co_await parts_.file.commit(std::move(transaction));
  if (!committed && committed.error().code == "STORE_CONFLICT")
    co_return invalid("HOOK_REPLAYED", "a request with this signature and timestamp was taken before");
  if (committed && wake_) wake_();
  co_return committed;
}

Async<Result<std::int64_t>> Inbox::number_of(DestinationName name) {
  std::vector<store::Statement> insert = {tables::insert_destination(name)};
  Result<void> inserted = co_await parts_.file.commit(std::move(insert));
  if (!inserted) co_return std::unexpected(std::move(inserted.error()));
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_destinations());
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  for (const store::Row& row : *rows)
    if (store::text_at(row, 1) == name.text) co_return store::integer_at(row, 0);
  co_return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                    "the inbox does not know destination " + json_quoted(name.text) +
                        " right after it was written: check the disk with `hubward store check`");
}

Async<Result<std::vector<EventFacts>>> Inbox::list(tables::EventQuestion question) const {
  question.payload = false;
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_events(question));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  std::vector<EventFacts> events;
  events.reserve(rows->size());
  for (const store::Row& row : *rows) events.push_back(tables::facts_from(row));
  co_return events;
}

Result<std::string> Inbox::open_payload(const EventFacts& facts, const Bytes& sealed) const {
  Result<std::string> payload = crypto::open_payload(parts_.key, place_of(facts.identity), sealed);
  if (!payload)
    return while_doing("event " + std::to_string(facts.id.number) + " of the inbox", payload.error());
  return payload;
}

Async<Result<Inbox::Whole>> Inbox::read(EventId id) const {
  tables::EventQuestion question;
  question.id = id;
  question.payload = true;
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_events(question));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  if (rows->empty())
    co_return invalid("EVENT_UNKNOWN", "the inbox has no event " + std::to_string(id.number) +
                                           "; `hubward webhook events` lists those it has");
  Whole whole;
  whole.facts = tables::facts_from(rows->front());
  Result<std::string> payload =
      open_payload(whole.facts, store::bytes_at(rows->front(), tables::sealed_column));
  if (!payload) co_return std::unexpected(std::move(payload.error()));
  whole.payload = std::move(*payload);
  co_return whole;
}

Async<Result<Inbox::Counts>> Inbox::count() const {
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_counts());
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  auto number = [&](std::size_t column) {
    return static_cast<std::uint64_t>(store::integer_at(rows->front(), column));
  };
  co_return Counts{number(0), number(1), number(2), number(3), number(4)};
}

Async<Result<std::optional<Inbox::JournalPlace>>> Inbox::journal_place(AppName app) const {
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_journal_place(app));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  if (rows->empty()) co_return std::nullopt;
  const store::Row& row = rows->front();
  co_return JournalPlace{store::text_at(row, 0), from_millis(store::integer_at(row, 1)),
                         from_millis(store::integer_at(row, 2))};
}

Async<Result<std::uint64_t>> Inbox::repaired() const {
  Result<std::vector<store::Row>> rows = co_await parts_.file.query(tables::select_repaired());
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  co_return static_cast<std::uint64_t>(store::integer_at(rows->front(), 0));
}

Async<Result<void>> Inbox::set_journal_place(AppName app, std::string offset) {
  std::vector<store::Statement> set = {tables::set_journal_place(app, offset, parts_.clock.now())};
  co_return co_await parts_.file.commit(std::move(set));
}

Async<Result<void>> Inbox::note_journal_end(AppName app) {
  std::vector<store::Statement> note = {tables::note_journal_end(app, parts_.clock.now())};
  co_return co_await parts_.file.commit(std::move(note));
}

Async<Result<void>> Inbox::clear(Retention retention) {
  Result<void> forgotten = co_await forget(parts_.clock.now() - retention.duplicates);
  if (!forgotten) co_return forgotten;
  co_return co_await remove_events(parts_.clock.now() - retention.events);
}

Async<Result<void>> Inbox::forget(TimePoint seen) {
  TimePoint now = parts_.clock.now();
  while (true) {
    auto left = co_await parts_.file.query(tables::count_forgettable(now, seen, rows_cleared_at_once));
    if (!left) co_return std::unexpected(std::move(left.error()));
    if (store::integer_at(left->front(), 0) == 0) co_return Result<void>();
    std::vector<store::Statement> step = tables::forget_before(now, seen, rows_cleared_at_once);
    Result<void> cleared = co_await parts_.file.commit(std::move(step));
    if (!cleared) co_return cleared;
  }
}

// Numbers grow with time, so it ends where nothing old is left; what cannot go yet is passed by once.
Async<Result<void>> Inbox::remove_events(TimePoint before) {
  std::int64_t after = 0;
  while (true) {
    auto rows = co_await parts_.file.query(tables::select_old_events(after, before, rows_cleared_at_once));
    if (!rows) co_return std::unexpected(std::move(rows.error()));
    const store::Row& row = rows->front();
    if (store::integer_at(row, 2) == 0) co_return Result<void>();
    std::vector<store::Statement> step = {
        tables::remove_old_events(after, store::integer_at(row, 0), before)};
    Result<void> removed = co_await parts_.file.commit(std::move(step));
    if (!removed) co_return removed;
    after = store::integer_at(row, 0);
  }
}

}  // namespace hubward::webhooks
