// SPDX-License-Identifier: Apache-2.0
#include "store/copy.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cerrno>
#include <filesystem>

#include "store/files.hpp"

namespace hubward::store {

namespace {

bool says_corrupt(const Error& error) {
  return error.code == "STORE_CORRUPT";
}

Result<void> fill(const std::string& from, const std::string& to, const Connection::Settings& settings) {
  Result<Connection> source = Connection::open(from, Connection::Use::Read, settings);
  if (!source) return std::unexpected(source.error());
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(to.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                             settings.file_system.empty() ? nullptr : settings.file_system.c_str());
  if (code == SQLITE_OK) {
    sqlite3_exec(opened, "PRAGMA synchronous=FULL", nullptr, nullptr, nullptr);
    sqlite3_backup* copying = sqlite3_backup_init(opened, "main", source->handle(), "main");
    // In one step: one read transaction, so one moment; in WAL mode writers go on meanwhile.
    if (copying) sqlite3_backup_step(copying, -1);
    code = copying ? sqlite3_backup_finish(copying) : sqlite3_errcode(opened);
  }
  // A copy is one file: it has no write-ahead log until it is opened as a store.
  if (code == SQLITE_OK) code = sqlite3_exec(opened, "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr);
  std::string said = code == SQLITE_OK ? "" : sqlite3_errmsg(opened);
  sqlite3_close_v2(opened);
  if (code == SQLITE_OK) return flush_file(to);
  return failure("STORE_UNAVAILABLE", Fault::Store, Retry::Later,
                 fmt::format("{}: cannot be written ({}); look at the disk and its permissions", to, said));
}

}  // namespace

Result<std::vector<std::string>> damages_of(Connection& connection, Check thoroughness) {
  std::string_view look =
      thoroughness == Check::Full ? "PRAGMA integrity_check(100)" : "PRAGMA quick_check(100)";
  std::vector<std::string> wrong;
  Result<std::vector<Row>> found = connection.ask(look);
  if (!found && says_corrupt(found.error())) return std::vector{found.error().message};
  if (!found) return std::unexpected(found.error());
  for (const Row& row : *found)
    if (text_at(row, 0) != "ok") wrong.push_back(text_at(row, 0));

  Result<std::vector<Row>> orphans = connection.ask("PRAGMA foreign_key_check");
  if (!orphans) return std::unexpected(orphans.error());
  for (const Row& row : *orphans) {
    if (wrong.size() >= 100) break;
    wrong.push_back(
        fmt::format("a row of {} points to a row of {} that is not there", text_at(row, 0), text_at(row, 2)));
  }
  return wrong;
}

Result<void> copy_database(const std::string& from, const std::string& to,
                           const Connection::Settings& settings) {
  std::error_code trouble;
  if (std::filesystem::exists(std::filesystem::symlink_status(to, trouble)))
    return failure("STORE_EXISTS", Fault::Caller, Retry::Never, to + ": is there already; name a new file");
  Result<void> created = require_private_file(to, IfMissing::Create);
  if (!created) return created;
  Result<void> filled = fill(from, to, settings);
  if (!filled) std::filesystem::remove(to, trouble);
  return filled;
}

}  // namespace hubward::store
