// SPDX-License-Identifier: Apache-2.0
// One database file: SQLite in WAL mode with synchronous=FULL, so that what write() or commit() acknowledged
// survives a crash of the program and of the machine. Only this room knows that it is SQLite.
//
// Threads: every verb may be called from any thread. One thread of the Database writes: it commits up to
// `group_limit` waiting transactions with one flush to the disk; when one of them fails they are done again,
// each in a savepoint of its own, so that it takes no other with it. Reads run on connections of their own,
// see the last commit, and wait for nobody. Owned once; destroying it finishes every accepted write first. A
// Loop whose tasks await it must outlive it.
//
// Errors (Fault::Store unless said):
//   STORE_CONFLICT     `must_change` did not hold, or a constraint refused a row; nothing was changed
//   STORE_UNAVAILABLE  disk full, I/O error, locked by a foreign process; try later. A write that failed so
//                      was not acknowledged, but after a crash it may turn out to have happened
//   STORE_OVERLOADED   the queue of waiting writes is full; try later
//   STORE_CORRUPT      the file is damaged or no database of ours; restore a backup
//   STORE_TOO_NEW      the file was written by a newer version of the program
//   STORE_TOO_OLD      the file needs migrations, and open() was told not to apply them
//   STORE_UNSAFE       the file can be read by others or belongs to somebody else
//   STORE_STATEMENT    the statement is wrong, or read more than its bound (Fault::Us: a bug)
// No message holds a value, only names of tables and columns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/async.hpp"
#include "core/result.hpp"
#include "store/value.hpp"

namespace hubward::store {

// The tables of one room in a file, as a list of numbered steps (SQL scripts; the first is number 1). A step
// that was released is never edited: opening compares it with what was applied. The views must outlive
// open().
struct Schema {
  std::string_view room;
  std::span<const std::string_view> migrations;
};

// How thoroughly open() reads the file first. Quick finds damaged pages; Full also compares every index.
enum class Check { None, Quick, Full };

// Whether open() may bring an older file up to date. Refuse is for looking at a store that another process
// may be using: an older file is then STORE_TOO_OLD.
enum class Upgrade { Apply, Refuse };

struct OpenOptions {
  std::string path;
  // Every room that keeps tables in this file. A file with tables of a room not listed is STORE_TOO_NEW.
  std::vector<Schema> schemas;
  Check check = Check::None;
  Upgrade upgrade = Upgrade::Apply;

  // About a hundred a flush is where throughput stops growing (docs/formats/store.md).
  std::size_t group_limit = 100;
  // Transactions and bytes of values that may wait for the writer.
  std::size_t queue_limit = 4096;
  std::size_t queue_bytes_limit = 64 * 1024 * 1024;
  // Connections for reading, and threads that serve query().
  std::size_t readers = 2;
  // Of the writing connection's pages in memory, and how long the write-ahead log grows before it is folded
  // into the file: a page that is changed again and again is folded once.
  std::size_t cache_kilobytes = 2048;
  std::size_t checkpoint_pages = 1000;
  // Of a file that is made now; one that is there keeps its own. A power of two from 512 to 65536: with
  // larger pages rows of a kilobyte or more leave less room unused, and fewer are written.
  std::size_t page_bytes = 4096;
  // How long a lock of a foreign process (a person with a SQLite shell) is waited for.
  std::chrono::milliseconds busy_timeout{5000};
  // Another SQLite file system, for tests (store/fake_disk.hpp). Empty: the system's.
  std::string file_system = {};
};

// A read answers at most this much; whoever needs more asks in pages.
constexpr std::size_t max_read_rows = 100'000;
constexpr std::size_t max_read_bytes = 64 * 1024 * 1024;

class Database {
 public:
  // Creates the file (0600) where there is none, checks it, brings its tables up to date.
  static Result<std::unique_ptr<Database>> open(OpenOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Blocking. For start-up, commands and threads that may wait; never on a loop.
  Result<std::vector<Row>> read(Statement statement);
  Result<void> write(std::vector<Statement> transaction);

  // The same for a task: it resumes on its own loop. A commit that has begun is not undone when the task is
  // dropped.
  Async<Result<std::vector<Row>>> query(Statement statement);
  Async<Result<void>> commit(std::vector<Statement> transaction);

  // Blocking. Copies the file, as of one moment, to a new file (0600, flushed); refuses one that exists.
  Result<void> backup(std::string to_path);
  // Blocking. Everything SQLite finds wrong with pages, indexes and foreign keys, as sentences; none is good.
  Result<std::vector<std::string>> check(Check thoroughness = Check::Full);
  // Blocking. Folds the write-ahead log into the file and empties it, so that deleted rows are in neither.
  Result<void> checkpoint();
  // Blocking. Writes the whole file anew, so that nothing is left in the unused parts of its pages: SQLite
  // overwrites what is deleted, but not where a row lay before its page was reordered. Writers wait
  // meanwhile.
  Result<void> rewrite();

  // The directory that the file lies in.
  std::string directory() const;

  struct Statistics {
    std::size_t waiting = 0;         // transactions in the queue now
    std::uint64_t transactions = 0;  // committed since open
    std::uint64_t groups = 0;        // flushes they took
    std::uint64_t failures = 0;      // transactions that failed
  };
  Statistics statistics() const;

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hubward::store
