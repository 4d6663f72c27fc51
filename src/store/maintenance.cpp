// SPDX-License-Identifier: Apache-2.0
#include "store/maintenance.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "store/copy.hpp"
#include "store/files.hpp"
#include "store/restore_mark.hpp"
#include "store/store_lock.hpp"

namespace hubward::store {

namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& directory, std::string_view file) {
  return fmt::format("{}/{}", directory, file);
}

bool is_there(const std::string& path) {
  std::error_code trouble;
  return fs::exists(fs::symlink_status(path, trouble));
}

std::uint64_t size_of(const std::string& path) {
  std::error_code trouble;
  std::uintmax_t size = fs::file_size(path, trouble);
  return trouble ? 0 : size;
}

// What is wrong with one file: whose it is, who can read it, its pages, indexes and foreign keys.
std::vector<std::string> faults_of(const std::string& path) {
  Result<void> mine = require_private_file(path, IfMissing::Fail);
  if (!mine) return {mine.error().message};
  Result<Connection> connection = Connection::open(path, Connection::Use::Read, {});
  if (!connection) return {connection.error().message};
  Result<std::vector<Row>> mark = connection->ask("PRAGMA application_id");
  if (!mark) return {mark.error().message};
  if (integer_at(mark->front(), 0) != application_id) return {path + ": is not a file of a hubward store"};
  Result<std::vector<std::string>> wrong = damages_of(*connection, Check::Full);
  if (!wrong) return {wrong.error().message};
  return *wrong;
}

std::vector<FileReport> look_at_files(const std::string& directory) {
  std::vector<FileReport> reports;
  for (std::string_view file : store_files) {
    std::string path = path_of(directory, file);
    FileReport& report = reports.emplace_back();
    report.file = file;
    report.present = is_there(path);
    if (!report.present) continue;
    report.bytes = size_of(path);
    report.wrong = faults_of(path);
  }
  return reports;
}

Result<std::vector<std::string>> look_inside(const std::string& directory, FileCheck& check) {
  OpenOptions options;
  options.path = path_of(directory, check.file);
  options.schemas = check.schemas;
  options.upgrade = Upgrade::Refuse;
  Result<std::unique_ptr<Database>> database = Database::open(std::move(options));
  if (!database) return std::unexpected(database.error());
  return check.look(**database);
}

Result<void> require_restorable(const std::string& backup, const std::vector<FileReport>& reports) {
  if (!reports.back().present)
    return failure("STORE_NOT_A_BACKUP", Fault::Caller, Retry::Never,
                   backup + ": holds no vault.db; name the directory that `hubward store backup` made");
  for (const FileReport& report : reports)
    if (!report.wrong.empty())
      return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                     fmt::format("{}: the backup's {} is damaged ({}); use another backup", backup,
                                 report.file, report.wrong.front()));
  return {};
}

Result<void> remove_file(const std::string& path) {
  std::error_code trouble;
  fs::remove(path, trouble);
  if (trouble) return system_trouble(path, "cannot be removed", trouble.value());
  return {};
}

// Puts a finished copy in a file's place. Its old write-ahead log goes first: SQLite would replay it onto the
// new file.
Result<void> replace(const std::string& directory, std::string_view file, const std::string& copy) {
  std::string path = path_of(directory, file);
  for (const char* beside : {"-wal", "-shm", ""}) {
    Result<void> removed = remove_file(path + beside);
    if (!removed) return removed;
  }
  if (copy.empty()) return {};
  std::error_code trouble;
  fs::rename(copy, path, trouble);
  if (trouble) return system_trouble(path, "cannot be put in place", trouble.value());
  return {};
}

// Copies first, under other names; only then is the old store touched, under a mark that a crash leaves.
Result<void> put_in_place(const std::string& backup, const std::string& directory,
                          const std::vector<FileReport>& reports) {
  auto copy_of = [&](const FileReport& report) { return path_of(directory, report.file + ".restoring"); };
  for (const FileReport& report : reports) {
    Result<void> done = remove_file(copy_of(report));  // of an interrupted restore
    if (done && report.present) done = copy_database(path_of(backup, report.file), copy_of(report), {});
    if (!done) return done;
  }
  Result<void> done = require_private_file(restore_mark(directory), IfMissing::Create);
  for (const FileReport& report : reports)
    if (done) done = replace(directory, report.file, report.present ? copy_of(report) : std::string());
  if (done) done = flush_directory(directory);
  if (done) done = remove_file(restore_mark(directory));
  if (done) done = flush_directory(directory);
  return done;
}

}  // namespace

Result<std::vector<FileReport>> check_store(const std::string& directory, std::vector<FileCheck> checks) {
  Result<void> mine = require_private_directory(directory, IfMissing::Fail);
  if (!mine) return std::unexpected(mine.error());
  std::vector<FileReport> reports = look_at_files(directory);
  for (FileReport& report : reports) {
    for (FileCheck& check : checks) {
      if (check.file != report.file || !report.present || !report.wrong.empty()) continue;
      Result<std::vector<std::string>> found = look_inside(directory, check);
      if (found)
        report.wrong = std::move(*found);
      else
        report.wrong.push_back(found.error().message);
    }
  }
  return reports;
}

Result<std::vector<FileReport>> backup_store(const std::string& directory, const std::string& to) {
  Result<void> ready = require_private_directory(directory, IfMissing::Fail);
  if (ready) ready = require_private_directory(to, IfMissing::Create);
  if (!ready) return std::unexpected(ready.error());
  std::vector<FileReport> reports;
  for (std::string_view file : store_files) {
    FileReport& report = reports.emplace_back();
    report.file = file;
    report.present = is_there(path_of(directory, file));
    if (!report.present) continue;
    Result<void> copied = copy_database(path_of(directory, file), path_of(to, file), {});
    if (!copied) return std::unexpected(copied.error());
    report.bytes = size_of(path_of(to, file));
  }
  Result<void> flushed = flush_directory(to);
  if (!flushed) return std::unexpected(flushed.error());
  return reports;
}

Result<std::vector<FileReport>> restore_store(const std::string& backup, const std::string& directory,
                                              Overwrite overwrite) {
  Result<void> mine = require_private_directory(backup, IfMissing::Fail);
  if (!mine) return std::unexpected(mine.error());
  Result<StoreLock> lock = take_for_restore(directory);
  if (!lock) return std::unexpected(lock.error());
  auto holds = [&](std::string_view file) { return is_there(path_of(directory, file)); };
  if (overwrite == Overwrite::Refuse &&
      (std::ranges::any_of(store_files, holds) || restore_is_unfinished(directory)))
    return failure("STORE_EXISTS", Fault::Caller, Retry::Never,
                   directory + ": holds a store already; name an empty directory, or say --overwrite");
  std::vector<FileReport> reports = look_at_files(backup);
  Result<void> sound = require_restorable(backup, reports);
  if (sound) sound = put_in_place(backup, directory, reports);
  if (!sound) return std::unexpected(sound.error());
  return reports;
}

}  // namespace hubward::store
