// SPDX-License-Identifier: Apache-2.0
#include "webhooks/tables.hpp"

#include <array>
#include <span>
#include <utility>

namespace hubward::webhooks {
namespace {

// A released step is never edited; a change is a step of its own.
constexpr std::string_view create_tables = R"sql(
CREATE TABLE inbox_events (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  app          TEXT NOT NULL,
  kind         TEXT NOT NULL,
  account      INTEGER,
  subscription INTEGER,
  object_type  TEXT NOT NULL,
  object       TEXT NOT NULL,
  property     TEXT NOT NULL,
  sensitive    INTEGER NOT NULL,
  occurred     INTEGER NOT NULL,
  received     INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  identity     BLOB NOT NULL,
  lane         INTEGER NOT NULL,
  sealed       BLOB NOT NULL
) STRICT;
CREATE INDEX inbox_events_received ON inbox_events (received);

CREATE TABLE inbox_seen (
  key  INTEGER PRIMARY KEY,
  rest INTEGER NOT NULL,
  seen INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox_requests (
  key   INTEGER PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox_destinations (
  number         INTEGER PRIMARY KEY AUTOINCREMENT,
  name           TEXT NOT NULL UNIQUE,
  disabled       INTEGER,
  disabled_cause TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE inbox_deliveries (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  destination INTEGER NOT NULL,
  event       INTEGER NOT NULL,
  lane        INTEGER NOT NULL,
  occurred    INTEGER NOT NULL,
  round       INTEGER NOT NULL DEFAULT 0,
  state       INTEGER NOT NULL DEFAULT 0,
  attempts    INTEGER NOT NULL DEFAULT 0,
  first_at    INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL DEFAULT 0,
  cause       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX inbox_deliveries_lane ON inbox_deliveries (destination, lane, occurred, id) WHERE state = 0;
CREATE INDEX inbox_deliveries_dead ON inbox_deliveries (destination, id) WHERE state = 1;
CREATE INDEX inbox_deliveries_event ON inbox_deliveries (event);

CREATE TABLE inbox_figures (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO inbox_figures VALUES ('duplicates', 0), ('replays', 0);
)sql";

constexpr std::string_view add_journals = R"sql(
-- Both were ordered by a hash, so that every row changed a page of its own. What comes at one time now lies
-- together.
CREATE TABLE inbox_requests_by_time (
  until INTEGER NOT NULL,
  key   INTEGER NOT NULL,
  PRIMARY KEY (until, key)
) STRICT, WITHOUT ROWID;
INSERT INTO inbox_requests_by_time SELECT until, key FROM inbox_requests;
DROP TABLE inbox_requests;
ALTER TABLE inbox_requests_by_time RENAME TO inbox_requests;

DROP TABLE inbox_seen;
CREATE TABLE inbox_seen (
  occurred INTEGER NOT NULL,
  key      INTEGER NOT NULL,
  rest     INTEGER NOT NULL,
  seen     INTEGER NOT NULL,
  PRIMARY KEY (occurred, key, rest)
) STRICT, WITHOUT ROWID;
-- From the events that are kept. A digit of hexadecimal is one less than its place among sixteen.
INSERT OR IGNORE INTO inbox_seen
SELECT occurred,
  (instr('123456789ABCDEF', substr(h, 1, 1)) << 60) | (instr('123456789ABCDEF', substr(h, 2, 1)) << 56) |
  (instr('123456789ABCDEF', substr(h, 3, 1)) << 52) | (instr('123456789ABCDEF', substr(h, 4, 1)) << 48) |
  (instr('123456789ABCDEF', substr(h, 5, 1)) << 44) | (instr('123456789ABCDEF', substr(h, 6, 1)) << 40) |
  (instr('123456789ABCDEF', substr(h, 7, 1)) << 36) | (instr('123456789ABCDEF', substr(h, 8, 1)) << 32) |
  (instr('123456789ABCDEF', substr(h, 9, 1)) << 28) | (instr('123456789ABCDEF', substr(h, 10, 1)) << 24) |
  (instr('123456789ABCDEF', substr(h, 11, 1)) << 20) | (instr('123456789ABCDEF', substr(h, 12, 1)) << 16) |
  (instr('123456789ABCDEF', substr(h, 13, 1)) << 12) | (instr('123456789ABCDEF', substr(h, 14, 1)) << 8) |
  (instr('123456789ABCDEF', substr(h, 15, 1)) << 4) | (instr('123456789ABCDEF', substr(h, 16, 1)) << 0),
  (instr('123456789ABCDEF', substr(h, 17, 1)) << 60) | (instr('123456789ABCDEF', substr(h, 18, 1)) << 56) |
  (instr('123456789ABCDEF', substr(h, 19, 1)) << 52) | (instr('123456789ABCDEF', substr(h, 20, 1)) << 48) |
  (instr('123456789ABCDEF', substr(h, 21, 1)) << 44) | (instr('123456789ABCDEF', substr(h, 22, 1)) << 40) |
  (instr('123456789ABCDEF', substr(h, 23, 1)) << 36) | (instr('123456789ABCDEF', substr(h, 24, 1)) << 32) |
  (instr('123456789ABCDEF', substr(h, 25, 1)) << 28) | (instr('123456789ABCDEF', substr(h, 26, 1)) << 24) |
  (instr('123456789ABCDEF', substr(h, 27, 1)) << 20) | (instr('123456789ABCDEF', substr(h, 28, 1)) << 16) |
  (instr('123456789ABCDEF', substr(h, 29, 1)) << 12) | (instr('123456789ABCDEF', substr(h, 30, 1)) << 8) |
  (instr('123456789ABCDEF', substr(h, 31, 1)) << 4) | (instr('123456789ABCDEF', substr(h, 32, 1)) << 0),
  received FROM (SELECT occurred, received, hex(identity) AS h FROM inbox_events);

CREATE TABLE inbox_happenings (
  key      INTEGER NOT NULL,
  occurred INTEGER NOT NULL,
  teller   INTEGER NOT NULL,
  seen     INTEGER NOT NULL,
  PRIMARY KEY (key, occurred, teller)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_journals (
  app    TEXT NOT NULL PRIMARY KEY,
  offset TEXT NOT NULL,
  moved  INTEGER NOT NULL,
  ended  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO inbox_figures VALUES ('repaired', 0);
)sql";

constexpr std::array<std::string_view, 2> migrations = {create_tables, add_journals};

store::Value maybe(const std::optional<std::uint64_t>& number) {
  if (!number) return nullptr;
  return static_cast<std::int64_t>(*number);
}

std::string as_list(const std::vector<std::int64_t>& numbers) {
  std::string list = "[";
  for (std::int64_t number : numbers) list += (list.size() > 1 ? "," : "") + std::to_string(number);
  return list + "]";
}

}  // namespace

store::Schema schema() {
  return {.room = "webhooks", .migrations = migrations};
}

namespace tables {

store::Statement insert_request(const crypto::Digest& signature, TimePoint until) {
  return {"INSERT INTO inbox_requests VALUES (?, ?)", {to_millis(until), number_from(signature)}};
}

store::Statement insert_seen(const EventFacts& facts, std::optional<TimePoint> occurred) {
  std::span<const std::byte> identity(facts.identity);
  return {"INSERT INTO inbox_seen VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {to_millis(occurred.value_or(TimePoint())), number_from(identity), number_from(identity.subspan(8)),
           to_millis(facts.received)}};
}

store::Statement insert_event(const EventFacts& facts, std::int64_t lane, Bytes sealed,
                              const std::optional<Happening>& happening) {
  std::optional<std::uint64_t> account;
  if (facts.account) account = facts.account->number;
  store::Statement insert = {
      "INSERT INTO inbox_events (app, kind, account, subscription, object_type, object, property, sensitive, "
      "occurred, received, attempt, identity, lane, sealed) "
      "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 "
      "WHERE changes() = 1",
      {facts.app.text, facts.kind, maybe(account), maybe(facts.subscription), facts.object_type, facts.object,
       facts.property, std::int64_t{facts.sensitive}, to_millis(facts.occurred), to_millis(facts.received),
       static_cast<std::int64_t>(facts.attempt), facts.identity, lane, std::move(sealed)}};
  if (!happening) return insert;
  insert.sql +=
      " AND NOT EXISTS (SELECT 1 FROM inbox_happenings "
      "WHERE key = ?15 AND occurred BETWEEN ?16 AND ?17 AND teller >= ?18)";
  Teller least = happening->teller == Teller::Webhook ? Teller::Journal : Teller::Webhook;
  insert.values.insert(insert.values.end(),
                       {number_from(happening->what), to_millis(happening->when - happening->tolerance),
                        to_millis(happening->when + happening->tolerance), static_cast<std::int64_t>(least)});
  return insert;
}

store::Statement count_repaired() {
  return {"UPDATE inbox_figures SET value = value + 1 WHERE changes() = 1 AND name = 'repaired'"};
}

store::Statement insert_happening(const EventFacts& facts, const Happening& happening) {
  return {
      "INSERT INTO inbox_happenings SELECT ?, ?, ?, ? WHERE changes() = 1 "
      "ON CONFLICT DO UPDATE SET seen = excluded.seen",
      {number_from(happening.what), to_millis(happening.when), static_cast<std::int64_t>(happening.teller),
       to_millis(facts.received)}};
}

store::Statement insert_deliveries(const EventFacts& facts, std::int64_t lane,
                                   const std::vector<std::int64_t>& destinations) {
  return {
      "INSERT INTO inbox_deliveries (destination, event, lane, occurred) "
      "SELECT value, (SELECT max(id) FROM inbox_events), ?1, ?2 FROM json_each(?3) WHERE changes() = 1",
      {lane, to_millis(facts.occurred), as_list(destinations)}};
}

store::Statement count_duplicate() {
  return {"UPDATE inbox_figures SET value = value + 1 WHERE changes() = 0 AND name = 'duplicates'"};
}

// An event is seen after it occurred; the condition on `occurred` keeps the look within what is old.
std::vector<store::Statement> forget_before(TimePoint requests_now, TimePoint seen_before,
                                            std::int64_t most_rows) {
  return {{"DELETE FROM inbox_requests WHERE (until, key) IN "
           "(SELECT until, key FROM inbox_requests WHERE until < ? LIMIT ?)",
           {to_millis(requests_now), most_rows}},
          {"DELETE FROM inbox_seen WHERE (occurred, key, rest) IN "
           "(SELECT occurred, key, rest FROM inbox_seen WHERE occurred < ?1 AND seen < ?1 LIMIT ?2)",
           {to_millis(seen_before), most_rows}},
          {"DELETE FROM inbox_happenings WHERE (key, occurred, teller) IN "
           "(SELECT key, occurred, teller FROM inbox_happenings WHERE seen < ? LIMIT ?)",
           {to_millis(seen_before), most_rows}}};
}

store::Statement count_forgettable(TimePoint requests_now, TimePoint seen_before, std::int64_t most_rows) {
  return {
      "SELECT (SELECT count(*) FROM (SELECT 1 FROM inbox_requests WHERE until < ?1 LIMIT ?3)) + "
      "(SELECT count(*) FROM (SELECT 1 FROM inbox_seen WHERE occurred < ?2 AND seen < ?2 LIMIT ?3)) + "
      "(SELECT count(*) FROM (SELECT 1 FROM inbox_happenings WHERE seen < ?2 LIMIT ?3))",
      {to_millis(requests_now), to_millis(seen_before), most_rows}};
}

store::Statement select_old_events(std::int64_t after, TimePoint before, std::int64_t most_rows) {
  return {
      "WITH scanned AS MATERIALIZED (SELECT id, received FROM inbox_events NOT INDEXED WHERE id > ? "
      "ORDER BY id LIMIT ?) SELECT max(id), count(*), coalesce(sum(received < ?), 0) FROM scanned",
      {after, most_rows, to_millis(before)}};
}

store::Statement remove_old_events(std::int64_t after, std::int64_t last, TimePoint before) {
  return {
      "DELETE FROM inbox_events WHERE id > ? AND id <= ? AND received < ? AND NOT EXISTS "
      "(SELECT 1 FROM inbox_deliveries d WHERE d.event = inbox_events.id)",
      {after, last, to_millis(before)}};
}

store::Statement select_events(const EventQuestion& question) {
  store::Statement select{
      "SELECT id, app, kind, account, subscription, object_type, object, property, sensitive, occurred, "
      "received, attempt, identity, lane"};
  if (question.payload) select.sql += ", sealed";
  select.sql += " FROM inbox_events WHERE 1";
  narrow(select, question);
  select.sql += question.after ? " ORDER BY id LIMIT ?" : " ORDER BY id DESC LIMIT ?";
  select.values.emplace_back(question.limit);
  return select;
}

void narrow(store::Statement& statement, const EventQuestion& question) {
  auto must = [&statement](const char* condition, store::Value value) {
    statement.sql += condition;
    statement.values.push_back(std::move(value));
  };
  if (question.id) must(" AND id = ?", static_cast<std::int64_t>(question.id->number));
  if (question.app) must(" AND app = ?", question.app->text);
  if (question.account) must(" AND account = ?", static_cast<std::int64_t>(question.account->number));
  if (question.kind) must(" AND kind = ?", *question.kind);
  if (question.from) must(" AND received >= ?", to_millis(*question.from));
  if (question.to) must(" AND received < ?", to_millis(*question.to));
  if (question.before) must(" AND id < ?", static_cast<std::int64_t>(question.before->number));
  if (question.after) must(" AND id > ?", static_cast<std::int64_t>(question.after->number));
}

EventFacts facts_from(const store::Row& row) {
  EventFacts facts;
  auto number = [&row](std::size_t column) {
    return static_cast<std::uint64_t>(store::integer_at(row, column));
  };
  facts.id = {number(0)};
  facts.app = {store::text_at(row, 1)};
  facts.kind = store::text_at(row, 2);
  if (!store::null_at(row, 3)) facts.account = HubId{number(3)};
  if (!store::null_at(row, 4)) facts.subscription = number(4);
  facts.object_type = store::text_at(row, 5);
  facts.object = store::text_at(row, 6);
  facts.property = store::text_at(row, 7);
  facts.sensitive = store::integer_at(row, 8) != 0;
  facts.occurred = from_millis(store::integer_at(row, 9));
  facts.received = from_millis(store::integer_at(row, 10));
  facts.attempt = number(11);
  facts.identity = store::bytes_at(row, 12);
  return facts;
}

store::Statement select_counts() {
  return {
      "SELECT (SELECT count(*) FROM inbox_events), "
      "(SELECT count(*) FROM inbox_deliveries WHERE state = 0), "
      "(SELECT count(*) FROM inbox_deliveries WHERE state = 1), "
      "(SELECT value FROM inbox_figures WHERE name = 'duplicates'), "
      "(SELECT value FROM inbox_figures WHERE name = 'repaired')"};
}

store::Statement select_repaired() {
  return {"SELECT value FROM inbox_figures WHERE name = 'repaired'"};
}

store::Statement select_journal_place(const AppName& app) {
  return {"SELECT offset, moved, ended FROM inbox_journals WHERE app = ?", {app.text}};
}

store::Statement set_journal_place(const AppName& app, const std::string& offset, TimePoint now) {
  return {
      "INSERT INTO inbox_journals VALUES (?1, ?2, ?3, ?3) "
      "ON CONFLICT DO UPDATE SET offset = excluded.offset, moved = excluded.moved",
      {app.text, offset, to_millis(now)}};
}

store::Statement note_journal_end(const AppName& app, TimePoint now) {
  return {"UPDATE inbox_journals SET ended = ? WHERE app = ?", {to_millis(now), app.text}};
}

store::Statement insert_destination(const DestinationName& name) {
  return {"INSERT INTO inbox_destinations (name) VALUES (?) ON CONFLICT DO NOTHING", {name.text}};
}

store::Statement select_destinations() {
  return {"SELECT number, name, disabled, disabled_cause FROM inbox_destinations ORDER BY number"};
}

}  // namespace tables
}  // namespace hubward::webhooks
