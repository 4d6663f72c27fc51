// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "store/fake_disk.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;
using namespace hubward::store;

namespace {

constexpr std::array<std::string_view, 1> first_version = {
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0) "
    "STRICT"};
constexpr std::array<std::string_view, 2> second_version = {
    first_version[0], "ALTER TABLE notes ADD COLUMN seal BLOB; CREATE INDEX notes_by_text ON notes (text)"};

Result<std::unique_ptr<Database>> try_open(const std::string& path, std::string file_system = {},
                                           std::span<const std::string_view> version = first_version) {
  OpenOptions options;
  options.path = path;
  options.schemas = {{"notes", version}};
  options.file_system = std::move(file_system);
  return Database::open(std::move(options));
}

std::unique_ptr<Database> open_notes(const std::string& path, std::string file_system = {}) {
  Result<std::unique_ptr<Database>> database = try_open(path, std::move(file_system));
  if (!database) FAIL(database.error().message);
  return std::move(*database);
}

Statement insert(std::int64_t id, std::string text) {
  return {"INSERT INTO notes (id, text) VALUES (?, ?)", {id, std::move(text)}};
}

std::int64_t count_notes(Database& database) {
  Result<std::vector<Row>> rows = database.read({"SELECT count(*) FROM notes"});
  REQUIRE(rows);
  return integer_at(rows->front(), 0);
}

mode_t mode_of(const std::string& path) {
  struct stat found{};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

}  // namespace

TEST_CASE("every kind of value comes back as it was written") {
  TemporaryDirectory directory;
  OpenOptions options;
  options.path = directory.file("vault.db");
  constexpr std::array<std::string_view, 1> schema = {
      "CREATE TABLE kinds (a INTEGER, b TEXT, c BLOB, d BLOB, e ANY) STRICT"};
  options.schemas = {{"kinds", schema}};
  Result<std::unique_ptr<Database>> database = Database::open(options);
  REQUIRE(database);
  Bytes bytes{std::byte{0}, std::byte{255}, std::byte{0}};
  Row row{std::int64_t{-9'000'000'000}, std::string("a\0b", 3), bytes, Bytes{}, nullptr};
  REQUIRE((*database)->write({{"INSERT INTO kinds VALUES (?, ?, ?, ?, ?)", row}}));
  Result<std::vector<Row>> rows = (*database)->read({"SELECT * FROM kinds"});
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front() == row);
  CHECK(bytes_at(rows->front(), 2) == bytes);
  CHECK(null_at(rows->front(), 4));
  CHECK(integer_at(rows->front(), 1) == 0);  // another kind
  CHECK(text_at(rows->front(), 9).empty());  // no such column
}

TEST_CASE("a file and what stands beside it can be read by nobody else") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  auto database = open_notes(path);
  REQUIRE(database->write({insert(1, "one")}));
  for (const char* beside : {"", "-wal", "-shm"}) {
    CAPTURE(beside);
    CHECK(mode_of(path + beside) == 0600);
  }
}

TEST_CASE("a file that others can read, a link or a folder is refused") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  open_notes(path);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  Result<std::unique_ptr<Database>> open = try_open(path);
  REQUIRE_FALSE(open);
  CHECK(open.error().code == "STORE_UNSAFE");
  CHECK(open.error().message == path + ": can be read by others; run `chmod 600` on it");

  std::filesystem::create_symlink(path, directory.file("link.db"));
  CHECK(try_open(directory.file("link.db")).error().code == "STORE_UNSAFE");
  CHECK(try_open(directory.path()).error().code == "STORE_UNSAFE");
}

TEST_CASE("a transaction that fails is undone whole, and takes no other with it") {
  TemporaryDirectory directory;
  auto database = open_notes(directory.file("vault.db"));
  REQUIRE(database->write({insert(1, "one")}));

  Statement taken{"UPDATE notes SET generation = 1 WHERE id = 1 AND generation = 7", {}, 1};
  struct {
    const char* why;
    Statement bad;
    const char* code;
  } cases[] = {
      {"a compare-and-set that does not hold", taken, "STORE_CONFLICT"},
      {"a row that is there", insert(1, "again"), "STORE_CONFLICT"},
      {"a column left empty", {"INSERT INTO notes (id, text) VALUES (5, NULL)"}, "STORE_CONFLICT"},
      {"a value of another kind",
       {"INSERT INTO notes (id, text) VALUES (?, 'x')", {"word"}},
       "STORE_STATEMENT"},
      {"a table that is not there", {"DELETE FROM nothing"}, "STORE_STATEMENT"},
      {"two statements in one", {"DELETE FROM notes; DELETE FROM notes"}, "STORE_STATEMENT"},
      {"a value too many", {"DELETE FROM notes", {std::int64_t{1}}}, "STORE_STATEMENT"},
      {"an end of the transaction", {"COMMIT"}, "STORE_STATEMENT"},
      {"a setting", {"PRAGMA synchronous=OFF"}, "STORE_STATEMENT"},
      {"another file", {"ATTACH 'other.db' AS other"}, "STORE_STATEMENT"},
  };
  for (const auto& [why, bad, code] : cases) {
    CAPTURE(why);
    Result<void> written = database->write({insert(100, "with it"), bad, insert(101, "with it")});
    REQUIRE_FALSE(written);
    CHECK(written.error().code == code);
    CHECK(count_notes(*database) == 1);
  }
}

TEST_CASE("a compare-and-set that holds is done once") {
  TemporaryDirectory directory;
  auto database = open_notes(directory.file("vault.db"));
  REQUIRE(database->write({insert(1, "one")}));
  Statement next{"UPDATE notes SET generation = 1 WHERE id = 1 AND generation = 0", {}, 1};
  CHECK(database->write({next}));
  CHECK(database->write({next}).error().code == "STORE_CONFLICT");
}

TEST_CASE("of writes that wait together the good ones stay and the bad ones fail") {
  TemporaryDirectory directory;
  Loop loop;  // first: what resumes its tasks dies before it
  auto database = open_notes(directory.file("vault.db"));
  int good = 0;
  int bad = 0;
  auto task = [](Database& store, std::int64_t number, int& kept, int& refused) -> Async<void> {
    std::int64_t id = number % 3 == 0 ? 0 : number;  // every third wants the same row
    std::vector<Statement> transaction{insert(id, "note"), insert(number + 1000, "note")};
    Result<void> done = co_await store.commit(std::move(transaction));
    ++(done ? kept : refused);
  };
  for (std::int64_t number = 0; number < 300; ++number) loop.spawn(task(*database, number, good, bad));
  loop.run_until_idle();
  CHECK(good == 201);
  CHECK(bad == 99);
  CHECK(count_notes(*database) == 402);
  Database::Statistics statistics = database->statistics();
  CHECK(statistics.transactions == 201);
  CHECK(statistics.failures == 99);
  CHECK(statistics.groups <= 300);
}

TEST_CASE("a task reads what it committed") {
  TemporaryDirectory directory;
  Loop loop;  // first: what resumes its tasks dies before it
  auto database = open_notes(directory.file("vault.db"));
  std::string read;
  auto task = [](Database& store, std::string& text) -> Async<void> {
    std::vector<Statement> transaction{insert(1, "hello")};
    Result<void> done = co_await store.commit(std::move(transaction));
    REQUIRE(done);
    Statement ask{"SELECT text FROM notes WHERE id = ?", {std::int64_t{1}}};
    Result<std::vector<Row>> rows = co_await store.query(std::move(ask));
    REQUIRE(rows);
    text = text_at(rows->front(), 0);
  };
  loop.run_task(task(*database, read));
  CHECK(read == "hello");
}

TEST_CASE("a full queue refuses at once and says so") {
  TemporaryDirectory directory;
  OpenOptions options;
  options.path = directory.file("vault.db");
  options.schemas = {{"notes", first_version}};
  options.queue_bytes_limit = 10'000;
  Result<std::unique_ptr<Database>> database = Database::open(options);
  REQUIRE(database);
  Result<void> written = (*database)->write({insert(1, std::string(20'000, 'x'))});
  REQUIRE_FALSE(written);
  CHECK(written.error().code == "STORE_OVERLOADED");
  CHECK(written.error().retry == Retry::Later);
  CHECK((*database)->write({insert(1, "short")}));
}

TEST_CASE("read() does not write and does not read without bound") {
  TemporaryDirectory directory;
  auto database = open_notes(directory.file("vault.db"));
  CHECK(database->read({"DELETE FROM notes"}).error().code == "STORE_STATEMENT");
  CHECK(database->read({"PRAGMA query_only=OFF"}).error().code == "STORE_STATEMENT");
  Statement endless{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"};
  CHECK(database->read(endless).error().code == "STORE_STATEMENT");
}

TEST_CASE("a disk in trouble fails the write, and when it is well again the store goes on") {
  using enum FakeDisk::Trouble;
  for (FakeDisk::Trouble trouble : {Full, IoError, NoFlush}) {
    CAPTURE(static_cast<int>(trouble));
    TemporaryDirectory directory;
    FakeDisk disk;
    std::string path = directory.file("vault.db");
    {
      auto database = open_notes(path, disk.name());
      REQUIRE(database->write({insert(1, "one")}));
      for (std::int64_t good = 0; good < 4; ++good) {
        disk.fail_after(good, trouble);
        Result<void> written;
        std::int64_t id = 0;
        // A few operations still work; go on until one does not.
        for (id = 10; id < 20 && written; ++id) written = database->write({insert(good * 100 + id, "more")});
        REQUIRE_FALSE(written);
        CHECK(written.error().code == "STORE_UNAVAILABLE");
        CHECK(written.error().fault == Fault::Store);
        CHECK(written.error().retry == Retry::Later);
        disk.heal();
        CHECK(database->write({insert(good * 100 + id - 1, "the same, again")}));
      }
      CHECK(disk.failures() > 0);
    }
    auto again = open_notes(path);
    Result<std::vector<std::string>> wrong = again->check();
    REQUIRE(wrong);
    CHECK(wrong->empty());
    CHECK(count_notes(*again) >= 5);
  }
}

TEST_CASE("a store that is brought up to date keeps its rows, and an older program refuses it") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  REQUIRE(open_notes(path)->write({insert(1, "one")}));
  REQUIRE(try_open(path, {}, second_version));
  {
    auto newer = try_open(path, {}, second_version);
    REQUIRE(newer);
    CHECK(count_notes(**newer) == 1);
    CHECK((*newer)->read({"SELECT seal FROM notes"}));
  }
  Result<std::unique_ptr<Database>> older = try_open(path);
  REQUIRE_FALSE(older);
  CHECK(older.error().code == "STORE_TOO_NEW");
  CHECK(
      older.error().message ==
      "vault.db: was written by a newer version of hubward (step 2 of notes, of which this version knows 1); "
      "run that version, or restore a backup made by this one");
}

TEST_CASE(
    "an edited step, a step that fails, a room that is unknown and an old file only looked at are refused") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  open_notes(path);
  constexpr std::array<std::string_view, 1> edited = {"CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT"};
  CHECK(try_open(path, {}, edited).error().code == "STORE_STATEMENT");
  constexpr std::array<std::string_view, 2> failing = {
      first_version[0], "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE half (id INTEGER) STRICT"};
  CHECK(try_open(path, {}, failing).error().code == "STORE_STATEMENT");
  CHECK(open_notes(path)->read({"SELECT * FROM half"}).error().code == "STORE_STATEMENT");

  OpenOptions other;
  other.path = path;
  CHECK(Database::open(other).error().code == "STORE_TOO_NEW");
  other.schemas = {{"notes", second_version}};
  other.upgrade = Upgrade::Refuse;
  CHECK(Database::open(other).error().code == "STORE_TOO_OLD");
  other.path = directory.file("none.db");
  CHECK_FALSE(Database::open(other));
  CHECK_FALSE(std::filesystem::exists(other.path));
}

TEST_CASE("a file that is no database, or another program's, is refused") {
  TemporaryDirectory directory;
  std::string path = directory.file("text.db");
  std::ofstream(path) << std::string(5000, 'x');
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  CHECK(try_open(path).error().code == "STORE_CORRUPT");

  std::string foreign = directory.file("foreign.db");
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(foreign.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "CREATE TABLE t (a)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  std::filesystem::permissions(foreign, std::filesystem::perms(0600));
  Result<std::unique_ptr<Database>> open = try_open(foreign);
  REQUIRE_FALSE(open);
  CHECK(open.error().message == "foreign.db: is a database of another program; name another store directory");
}

TEST_CASE("damage is found by the check at opening") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  {
    auto database = open_notes(path);
    std::vector<Statement> many;
    for (std::int64_t id = 1; id < 2000; ++id) many.push_back(insert(id, std::string(100, 'n')));
    REQUIRE(database->write(std::move(many)));
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * 4096);
    file << std::string(4096, '\xff');
  }
  OpenOptions options;
  options.path = path;
  options.schemas = {{"notes", first_version}};
  options.check = Check::Quick;
  Result<std::unique_ptr<Database>> database = Database::open(options);
  REQUIRE_FALSE(database);
  CHECK(database.error().code == "STORE_CORRUPT");
}

TEST_CASE("what was deleted is in neither file after a checkpoint") {
  TemporaryDirectory directory;
  std::string path = directory.file("vault.db");
  auto database = open_notes(path);
  REQUIRE(database->write({insert(1, "CANARY-of-a-deleted-row")}));
  REQUIRE(database->write({{"DELETE FROM notes"}}));
  REQUIRE(database->checkpoint());
  for (const char* beside : {"", "-wal"}) {
    std::ifstream file(path + beside, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CHECK(bytes.find("CANARY") == std::string::npos);
  }
}

TEST_CASE("a backup taken while others write is a whole store of one moment") {
  TemporaryDirectory directory;
  auto database = open_notes(directory.file("vault.db"));
  REQUIRE(database->write({insert(0, "first")}));
  std::atomic<bool> stop{false};
  std::thread writing([&] {
    for (std::int64_t id = 1; !stop; ++id)
      if (!database->write({insert(id, "x"), insert(-id, "x")})) return;
  });
  std::string copy = directory.file("copy.db");
  Result<void> done = database->backup(copy);
  stop = true;
  writing.join();
  REQUIRE(done);
  CHECK(mode_of(copy) == 0600);
  CHECK_FALSE(std::filesystem::exists(copy + "-wal"));
  CHECK(count_notes(*open_notes(copy)) % 2 == 1);  // pairs are whole
  CHECK(database->backup(copy).error().code == "STORE_EXISTS");
}

// `store_test -ns -tc="group commit*"` prints the figure of docs/formats/store.md.
TEST_CASE("group commit, measured: 64 waiting producers, 1 KB each" * doctest::skip()) {
  TemporaryDirectory directory;
  auto database = open_notes(directory.file("vault.db"));
  std::atomic<std::int64_t> next{1};
  auto begun = std::chrono::steady_clock::now();
  auto end = begun + std::chrono::seconds(3);
  std::vector<std::thread> producers;
  for (int i = 0; i < 64; ++i)
    producers.emplace_back([&] {
      while (std::chrono::steady_clock::now() < end)
        if (!database->write({insert(next++, std::string(1024, 'e'))})) std::abort();
    });
  for (std::thread& producer : producers) producer.join();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  Database::Statistics statistics = database->statistics();
  std::printf("%.0f events/s, %.1f to a flush\n", static_cast<double>(statistics.transactions) / took.count(),
              static_cast<double>(statistics.transactions) / static_cast<double>(statistics.groups));
}

TEST_CASE("several that open an older file at once bring it up to date once") {
  for (int round = 0; round < 20; ++round) {
    TemporaryDirectory directory;
    std::string path = directory.file("a.db");
    open_notes(path);
    std::array<std::string, 4> troubles;
    {
      std::vector<std::jthread> threads;
      for (std::string& trouble : troubles)
        threads.emplace_back([&trouble, &path] {
          auto opened = try_open(path, {}, second_version);
          if (!opened) trouble = opened.error().message;
        });
    }
    for (const std::string& trouble : troubles) CHECK(trouble == "");
  }
}
