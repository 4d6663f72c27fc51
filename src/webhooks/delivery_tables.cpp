// SPDX-License-Identifier: Apache-2.0
#include "webhooks/delivery_tables.hpp"

#include <algorithm>
#include <utility>

namespace hubward::webhooks::tables {
namespace {

constexpr std::string_view event_columns =
    "e.id, e.app, e.kind, e.account, e.subscription, e.object_type, e.object, e.property, e.sensitive, "
    "e.occurred, e.received, e.attempt, e.identity, e.lane";

// The event columns of a row that has others before them.
EventFacts facts_behind(const store::Row& row, std::size_t before) {
  auto first = static_cast<std::ptrdiff_t>(std::min(before, row.size()));
  return facts_from(store::Row(row.begin() + first, row.end()));
}

std::uint32_t attempts_at(const store::Row& row, std::size_t column) {
  return static_cast<std::uint32_t>(store::integer_at(row, column));
}

store::Statement replay_rows(std::string head, const ReplayChoice& choice, std::vector<store::Value> values) {
  store::Statement statement{std::move(head) + " FROM inbox_events WHERE id > ?", std::move(values)};
  statement.values.emplace_back(choice.after);
  narrow(statement, choice.events);
  statement.sql += " ORDER BY id LIMIT ?";
  statement.values.emplace_back(choice.limit);
  return statement;
}

// "id IN (…)" for the chosen dead letters.
std::string chosen(const DeadChoice& choice, std::vector<store::Value>& values) {
  std::string ids = "id IN (SELECT id FROM inbox_deliveries WHERE ";
  ids += choice.waiting_too ? "1" : "state = 1";
  if (choice.destination) {
    ids += " AND destination = ?";
    values.emplace_back(*choice.destination);
  }
  if (choice.id) {
    ids += " AND id = ?";
    values.emplace_back(*choice.id);
  }
  if (choice.newest) {
    ids += " AND id <= ?";
    values.emplace_back(*choice.newest);
  }
  values.emplace_back(choice.limit);
  return ids + " ORDER BY id LIMIT ?)";
}

}  // namespace

store::Statement select_waiting(std::int64_t destination, std::int64_t after, std::int64_t limit) {
  // By number and nothing else: any index would make SQLite sort all that waits for each look.
  return {
      "WITH scanned AS MATERIALIZED (SELECT id, lane, destination, state FROM inbox_deliveries NOT INDEXED "
      "WHERE id > ? ORDER BY id LIMIT ?) "
      "SELECT id, lane FROM scanned WHERE destination = ? AND state = 0 "
      "UNION ALL SELECT max(id), count(*) FROM scanned",
      {after, limit, destination}};
}

store::Statement select_head(std::int64_t destination, std::int64_t lane) {
  return {"SELECT d.id, d.round, d.attempts, d.first_at, d.next_at, " + std::string(event_columns) +
              ", e.sealed FROM inbox_deliveries d JOIN inbox_events e ON e.id = d.event "
              "WHERE d.destination = ? AND d.lane = ? AND d.state = 0 ORDER BY d.occurred, d.id LIMIT 1",
          {destination, lane}};
}

Head head_from(const store::Row& row) {
  constexpr std::size_t own = 5;
  Head head;
  head.id = store::integer_at(row, 0);
  head.round = store::integer_at(row, 1);
  head.attempts = attempts_at(row, 2);
  if (store::integer_at(row, 3) != 0) head.first = from_millis(store::integer_at(row, 3));
  head.next = from_millis(store::integer_at(row, 4));
  head.event = facts_behind(row, own);
  head.sealed = store::bytes_at(row, own + sealed_column);
  return head;
}

store::Statement delete_delivery(std::int64_t id) {
  return {"DELETE FROM inbox_deliveries WHERE id = ?", {id}};
}

store::Statement postpone(std::int64_t id, std::uint32_t attempts, TimePoint first, TimePoint next,
                          const std::string& cause) {
  return {"UPDATE inbox_deliveries SET attempts = ?, first_at = ?, next_at = ?, cause = ? WHERE id = ?",
          {std::int64_t{attempts}, to_millis(first), to_millis(next), cause, id}};
}

store::Statement bury(std::int64_t id, std::uint32_t attempts, TimePoint first, const std::string& cause) {
  return {"UPDATE inbox_deliveries SET state = 1, attempts = ?, first_at = ?, cause = ? WHERE id = ?",
          {std::int64_t{attempts}, to_millis(first), cause, id}};
}

store::Statement disable(std::int64_t destination, TimePoint when, const std::string& cause) {
  return {"UPDATE inbox_destinations SET disabled = ?, disabled_cause = ? WHERE number = ?",
          {to_millis(when), cause, destination}};
}

store::Statement enable(std::int64_t destination) {
  return {"UPDATE inbox_destinations SET disabled = NULL, disabled_cause = '' WHERE number = ?",
          {destination}};
}

store::Statement count_deliveries() {
  return {"SELECT destination, state, count(*) FROM inbox_deliveries GROUP BY destination, state"};
}

store::Statement count_deliveries_of(std::int64_t destination, std::int64_t most) {
  return {
      "SELECT (SELECT count(*) FROM (SELECT 1 FROM inbox_deliveries WHERE destination = ?1 AND state = 0 "
      "LIMIT ?2)), "
      "(SELECT count(*) FROM (SELECT 1 FROM inbox_deliveries WHERE destination = ?1 AND state = 1 LIMIT ?2))",
      {destination, most}};
}

store::Statement select_dead(std::optional<std::int64_t> destination, std::optional<std::int64_t> before,
                             std::int64_t limit) {
  store::Statement select{"SELECT d.id, d.destination, d.attempts, d.first_at, d.cause, " +
                          std::string(event_columns) +
                          " FROM inbox_deliveries d JOIN inbox_events e ON e.id = d.event WHERE d.state = 1"};
  if (destination) {
    select.sql += " AND d.destination = ?";
    select.values.emplace_back(*destination);
  }
  if (before) {
    select.sql += " AND d.id < ?";
    select.values.emplace_back(*before);
  }
  select.sql += " ORDER BY d.id DESC LIMIT ?";
  select.values.emplace_back(limit);
  return select;
}

DeadLetter dead_from(const store::Row& row) {
  constexpr std::size_t own = 5;
  return {.id = store::integer_at(row, 0),
          .destination = store::integer_at(row, 1),
          .attempts = attempts_at(row, 2),
          .first = from_millis(store::integer_at(row, 3)),
          .cause = store::text_at(row, 4),
          .event = facts_behind(row, own)};
}

store::Statement select_newest_delivery() {
  return {"SELECT coalesce(max(id), 0) FROM inbox_deliveries"};
}

store::Statement count_dead(const DeadChoice& choice) {
  store::Statement count{"SELECT count(*) FROM inbox_deliveries WHERE "};
  count.sql += chosen(choice, count.values);
  return count;
}

std::vector<store::Statement> redrive(const DeadChoice& choice) {
  store::Statement insert{
      "INSERT INTO inbox_deliveries (destination, event, lane, occurred, round) "
      "SELECT destination, event, lane, occurred, round FROM inbox_deliveries WHERE "};
  insert.sql += chosen(choice, insert.values) + " ORDER BY id";
  return {std::move(insert), discard(choice)};
}

store::Statement discard(const DeadChoice& choice) {
  store::Statement remove{"DELETE FROM inbox_deliveries WHERE "};
  remove.sql += chosen(choice, remove.values);
  return remove;
}

store::Statement begin_replay() {
  return {"UPDATE inbox_figures SET value = value + 1 WHERE name = 'replays'"};
}

store::Statement select_replay() {
  return {"SELECT value FROM inbox_figures WHERE name = 'replays'"};
}

store::Statement select_replay_step(const ReplayChoice& choice) {
  store::Statement rows = replay_rows("SELECT id", choice, {});
  return {"SELECT max(id), count(*) FROM (" + std::string(rows.sql.text()) + ")", std::move(rows.values)};
}

store::Statement insert_replay_step(const ReplayChoice& choice, std::int64_t round) {
  return replay_rows(
      "INSERT INTO inbox_deliveries (destination, event, lane, occurred, round) SELECT ?, id, lane, "
      "occurred, ?",
      choice, {choice.destination, round});
}

}  // namespace hubward::webhooks::tables
