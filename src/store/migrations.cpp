// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace hubward::store {

namespace {

// Notices an edited step; nobody attacks it, so FNV-1a (64 bits) is enough.
std::string checksum_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

using Applied = std::map<std::string, std::map<std::int64_t, std::string>>;  // room, number, checksum

Result<Applied> read_applied(Connection& connection) {
  Result<std::vector<Row>> rows = connection.ask("SELECT room, number, checksum FROM schema_migrations");
  if (!rows) return std::unexpected(rows.error());
  Applied applied;
  for (const Row& row : *rows) applied[text_at(row, 0)][integer_at(row, 1)] = text_at(row, 2);
  return applied;
}

Result<void> refuse_unknown(const Connection& connection, const Applied& applied,
                            std::span<const Schema> schemas) {
  for (const auto& [room, steps] : applied) {
    auto schema = std::ranges::find(schemas, room, &Schema::room);
    std::size_t known = schema == schemas.end() ? 0 : schema->migrations.size();
    if (!steps.empty() && steps.rbegin()->first > static_cast<std::int64_t>(known))
      return failure(
          "STORE_TOO_NEW", Fault::Store, Retry::Never,
          fmt::format("{}: was written by a newer version of hubward (step {} of {}, of which this "
                      "version knows {}); run that version, or restore a backup made by this one",
                      connection.name(), steps.rbegin()->first, room, known));
  }
  return {};
}

Result<std::int64_t> already_applied(Connection& connection, std::string_view room, std::int64_t number) {
  Result<std::vector<Row>> rows = connection.read(
      {"SELECT count(*) FROM schema_migrations WHERE room = ? AND number = ?", {std::string(room), number}});
  if (!rows) return std::unexpected(rows.error());
  return integer_at(rows->front(), 0);
}

Result<void> apply(Connection& connection, std::string_view room, std::int64_t number,
                   std::string_view step) {
  Result<void> begun = connection.script("BEGIN IMMEDIATE");
  if (!begun) return begun;
  // Another process may have been here since we looked.
  Result<std::int64_t> there = already_applied(connection, room, number);
  if (there && *there > 0) return connection.script("ROLLBACK");
  Result<void> done = there ? connection.script(step) : Result<void>(std::unexpected(there.error()));
  if (done) {
    Statement record{"INSERT INTO schema_migrations (room, number, checksum) VALUES (?, ?, ?)",
                     {std::string(room), number, checksum_of(step)}};
    Result<std::int64_t> recorded = connection.change(record);
    done = recorded ? connection.script("COMMIT") : Result<void>(std::unexpected(recorded.error()));
  }
  if (!done && connection.in_transaction()) static_cast<void>(connection.script("ROLLBACK"));
  if (!done) return while_doing(fmt::format("step {} of {}", number, room), done.error());
  return {};
}

Result<void> bring_up(Connection& connection, const Schema& schema,
                      const std::map<std::int64_t, std::string>& applied, Upgrade upgrade) {
  for (std::size_t i = 0; i < schema.migrations.size(); ++i) {
    auto number = static_cast<std::int64_t>(i) + 1;
    std::string_view step = schema.migrations[i];
    if (auto found = applied.find(number); found != applied.end()) {
      if (found->second == checksum_of(step)) continue;
      return failure("STORE_STATEMENT", Fault::Us, Retry::Never,
                     fmt::format("{}: step {} of {} is not what was applied to this file; released steps are "
                                 "never edited, add a new one",
                                 connection.name(), number, schema.room));
    }
    if (upgrade == Upgrade::Refuse)
      return failure("STORE_TOO_OLD", Fault::Store, Retry::Never,
                     fmt::format("{}: lacks step {} of {}; start the gateway of this version once, which "
                                 "brings it up to date",
                                 connection.name(), number, schema.room));
    Result<void> done = apply(connection, schema.room, number, step);
    if (!done) return done;
  }
  return {};
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Schema> schemas, Upgrade upgrade) {
  Result<void> table = connection.script(
      "CREATE TABLE IF NOT EXISTS schema_migrations (room TEXT NOT NULL, number INTEGER NOT NULL,"
      " checksum TEXT NOT NULL, PRIMARY KEY (room, number)) STRICT, WITHOUT ROWID");
  if (!table) return table;
  Result<Applied> applied = read_applied(connection);
  if (!applied) return std::unexpected(applied.error());
  Result<void> known = refuse_unknown(connection, *applied, schemas);
  if (!known) return known;
  for (const Schema& schema : schemas) {
    Result<void> done = bring_up(connection, schema, (*applied)[std::string(schema.room)], upgrade);
    if (!done) return done;
  }
  return {};
}

}  // namespace hubward::store
