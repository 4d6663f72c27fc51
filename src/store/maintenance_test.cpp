// SPDX-License-Identifier: Apache-2.0
#include "store/maintenance.hpp"

#include <doctest/doctest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "store/restore_mark.hpp"
#include "store/store_lock.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;
using namespace hubward::store;

namespace {

constexpr std::array<std::string_view, 1> schema = {"CREATE TABLE words (word TEXT PRIMARY KEY) STRICT"};

std::unique_ptr<Database> open_file(const std::string& path) {
  OpenOptions options;
  options.path = path;
  options.schemas = {{"words", schema}};
  Result<std::unique_ptr<Database>> database = Database::open(std::move(options));
  if (!database) FAIL(database.error().message);
  return std::move(*database);
}

void put(const std::string& path, std::string word) {
  REQUIRE(open_file(path)->write({{"INSERT INTO words VALUES (?)", {std::move(word)}}}));
}

std::vector<std::string> words_of(const std::string& path) {
  Result<std::vector<Row>> rows = open_file(path)->read({"SELECT word FROM words ORDER BY word"});
  REQUIRE(rows);
  std::vector<std::string> words;
  for (const Row& row : *rows) words.push_back(text_at(row, 0));
  return words;
}

std::string join(const std::vector<FileReport>& reports) {
  std::string text;
  for (const FileReport& report : reports) {
    text += report.file + (report.present ? " there" : " absent");
    for (const std::string& sentence : report.wrong) text += " " + sentence;
    text += "; ";
  }
  return text;
}

// A store with a vault and a journal, and no inbox yet.
struct Store {
  TemporaryDirectory directory;
  Store() {
    put(directory.file("vault.db"), "vault");
    put(directory.file("journal.db"), "journal");
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a second gateway on the same store is told who uses it") {
  TemporaryDirectory directory;
  std::string path = directory.file("store");
  {
    Result<StoreLock> first = StoreLock::take(path);
    REQUIRE(first);
    Result<StoreLock> second = StoreLock::take(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "STORE_IN_USE");
    std::string pid = std::to_string(getpid());
    CHECK(second.error().message.find("another gateway (pid " + pid + ") uses this store") !=
          std::string::npos);
    StoreLock moved = std::move(*first);
    CHECK_FALSE(StoreLock::take(path));
  }
  CHECK(StoreLock::take(path));
  struct stat found{};
  REQUIRE(stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0700);
}

TEST_CASE("a store directory that is open to others is refused") {
  TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0750));
  Result<StoreLock> lock = StoreLock::take(directory.path());
  REQUIRE_FALSE(lock);
  CHECK(lock.error().code == "STORE_UNSAFE");
  CHECK(lock.error().message.find("chmod 700") != std::string::npos);
}

TEST_CASE("root makes no files in the store of another user, and is told whom to be") {
  if (::geteuid() != 0) return;  // nobody else can give a directory away
  TemporaryDirectory directory;
  const passwd* nobody = ::getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  REQUIRE(::chown(directory.path().c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
  auto said = [](const auto& refused) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "STORE_UNSAFE");
    CHECK(refused.error().message.contains(
        "belongs to user nobody; run the command as that user: `runuser -u nobody"));
  };
  said(StoreLock::take(directory.path()));
  TemporaryDirectory backup;
  said(restore_store(backup.path(), directory.path(), Overwrite::Allow));
  said(backup_store(directory.path(), backup.path()));
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("check finds nothing wrong in a good store, and tells damage file by file") {
  Store store;
  const std::string& path = store.directory.path();
  Result<std::vector<FileReport>> reports = check_store(path, {});
  REQUIRE(reports);
  CHECK(join(*reports) == "journal.db there; inbox.db absent; vault.db there; ");

  auto look = [](Database& database) -> Result<std::vector<std::string>> {
    Result<std::vector<Row>> rows = database.read({"SELECT word FROM words"});
    if (!rows) return std::unexpected(rows.error());
    return std::vector<std::string>{"does not like " + text_at(rows->front(), 0)};
  };
  reports = check_store(path, {{"vault.db", {{"words", schema}}, look}});
  REQUIRE(reports);
  CHECK(join(*reports) == "journal.db there; inbox.db absent; vault.db there does not like vault; ");

  std::ofstream(store.directory.file("inbox.db")) << "no database";
  std::filesystem::permissions(store.directory.file("inbox.db"), std::filesystem::perms(0600));
  reports = check_store(path, {});
  REQUIRE(reports);
  REQUIRE((*reports)[1].wrong.size() == 1);
  CHECK((*reports)[1].wrong[0].find("file is not a database") != std::string::npos);
}

TEST_CASE("a backup taken while the store is in use restores to what it was") {
  Store store;
  auto in_use = open_file(store.directory.file("vault.db"));
  TemporaryDirectory elsewhere;
  std::string backup = elsewhere.file("backup");
  Result<std::vector<FileReport>> made = backup_store(store.directory.path(), backup);
  REQUIRE(made);
  CHECK(join(*made) == "journal.db there; inbox.db absent; vault.db there; ");
  REQUIRE(in_use->write({{"INSERT INTO words VALUES ('later')"}}));
  in_use.reset();

  std::string restored = elsewhere.file("restored");
  Result<std::vector<FileReport>> done = restore_store(backup, restored, Overwrite::Refuse);
  REQUIRE(done);
  CHECK(words_of(restored + "/vault.db") == Words{"vault"});
  CHECK(words_of(restored + "/journal.db") == Words{"journal"});

  // Over the old store only when told, and then the old write-ahead log and inbox are gone too.
  put(store.directory.file("inbox.db"), "inbox");
  std::ofstream(store.directory.file("vault.db-wal")) << "left by a crash";
  done = restore_store(backup, store.directory.path(), Overwrite::Refuse);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "STORE_EXISTS");
  REQUIRE(restore_store(backup, store.directory.path(), Overwrite::Allow));
  CHECK(words_of(store.directory.file("vault.db")) == Words{"vault"});
  CHECK_FALSE(std::filesystem::exists(store.directory.file("inbox.db")));
}

TEST_CASE("a restore is refused from a damaged backup, from no backup and over a store in use") {
  Store store;
  TemporaryDirectory elsewhere;
  std::string backup = elsewhere.file("backup");
  CHECK(restore_store(elsewhere.path(), elsewhere.file("new"), Overwrite::Refuse).error().code ==
        "STORE_NOT_A_BACKUP");
  REQUIRE(backup_store(store.directory.path(), backup));
  {
    Result<StoreLock> lock = StoreLock::take(store.directory.path());
    REQUIRE(lock);
    CHECK(restore_store(backup, store.directory.path(), Overwrite::Allow).error().code == "STORE_IN_USE");
  }
  std::ofstream(backup + "/vault.db") << "damaged";
  Result<std::vector<FileReport>> done = restore_store(backup, store.directory.path(), Overwrite::Allow);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "STORE_CORRUPT");
  CHECK(words_of(store.directory.file("vault.db")) == Words{"vault"});  // untouched
}

TEST_CASE("a restore that was interrupted is noticed and can be run again") {
  Store store;
  TemporaryDirectory elsewhere;
  std::string backup = elsewhere.file("backup");
  REQUIRE(backup_store(store.directory.path(), backup));
  std::ofstream(restore_mark(store.directory.path())) << "";
  std::filesystem::permissions(restore_mark(store.directory.path()), std::filesystem::perms(0600));
  std::filesystem::remove(store.directory.file("vault.db"));

  Result<StoreLock> lock = StoreLock::take(store.directory.path());
  REQUIRE_FALSE(lock);
  CHECK(lock.error().code == "STORE_RESTORE_UNFINISHED");
  REQUIRE(restore_store(backup, store.directory.path(), Overwrite::Allow));
  CHECK(StoreLock::take(store.directory.path()));
  CHECK(words_of(store.directory.file("vault.db")) == Words{"vault"});
}
