// SPDX-License-Identifier: Apache-2.0
// The append-only record of what went through the gateway, in journal.db. Records wait in a bounded queue;
// one thread writes them as blocks (journal/block.hpp), each a row of its own that carries the hash of the
// one before it. A power cut may lose at most what was appended during the last `commit_interval`; what
// append_durably() or flush() acknowledged is never lost.
//
// Threads: every verb from any thread. Owned once, over a Database that outlives it (and that nobody else
// writes); a Loop whose tasks await it must outlive it too. Destroying it writes what was accepted, once.
//
// Failing: when the disk refuses a block, accepting() says so (JOURNAL_UNAVAILABLE, Fault::Store,
// Retry::Later), so that no new call is made that could not be recorded. append() still takes the records of
// what has happened already, for as long as the queue has room; the block is kept and tried again until it is
// written.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "journal/record.hpp"
#include "store/database.hpp"

namespace hubward::journal {

// The tables of this room, for Database::open of journal.db.
store::Schema schema();

struct JournalOptions {
  // What a power cut may lose, and how long a lone record may wait for company.
  std::chrono::milliseconds commit_interval{100};
  std::size_t block_records = 512;                   // a block is written as soon as it has so many
  std::size_t queue_limit = 16'384;                  // records that wait; about 8 MB
  std::size_t queue_bytes_limit = 32 * 1024 * 1024;  // of their texts
  // Between two tries of a block that the disk refused.
  std::chrono::milliseconds retry_interval{250};
};

// What to look for. Every condition that is set must hold.
struct Filter {
  std::optional<TimePoint> from;  // inclusive
  std::optional<TimePoint> to;    // exclusive
  std::optional<Kind> kind;
  std::optional<std::string> client;
  std::optional<std::string> connection;
  std::optional<std::string> operation;
  std::optional<std::string> correlation_id;
  std::optional<std::uint16_t> status;
  std::optional<Decision> decision;
};

enum class Order { OldestFirst, NewestFirst };

// Where a search goes on: a block, and how many of its records are done.
struct Cursor {
  std::int64_t block = 0;
  std::uint32_t done = 0;
  bool operator==(const Cursor&) const = default;
};

struct Search {
  Filter filter;
  Order order = Order::OldestFirst;
  std::size_t limit = 1000;  // records of one page, at most max_page
  std::optional<Cursor> after;
};

// One page reads at most so many blocks; a page may therefore be short, or empty, and still have a `next`.
constexpr std::size_t max_page = 10'000;
constexpr std::size_t max_blocks_per_page = 2'000;

struct Page {
  std::vector<Record> records;
  std::optional<Cursor> next;  // nothing: the search is complete
};

// What verify() found. The chain begins at the anchor: the last block that retention removed.
struct ChainReport {
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
  std::int64_t first_block = 0;
  std::int64_t last_block = 0;
  std::string last_hash;           // hex; kept elsewhere, it proves that the end was not cut off
  std::vector<std::string> wrong;  // sentences, at most max_chain_troubles; none is good
};
constexpr std::size_t max_chain_troubles = 100;

class Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(store::Database& database, const Clock& clock,
                                               JournalOptions options = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Asked before something is done, so that nothing is done that cannot be recorded. No lock. An eighth of
  // the queue is kept back for the records of calls that are under way.
  Result<void> accepting() const;
  // Takes the record over and returns at once; refuses only when the queue is full.
  Result<void> append(Record record);
  // Resumes when the record is on the disk; refuses at once while the disk does. When it fails the record may
  // still be written later.
  Async<Result<void>> append_durably(Record record);
  // Blocking: until everything appended before is on the disk.
  Result<void> flush();

  // What is on the disk: flush() first where the last moments matter. Blocking; `search` is for tasks.
  Result<Page> find(Search search) const;
  Async<Result<Page>> search(Search search) const;
  // The newest `count` records (at most max_page), oldest first. Blocking.
  Result<std::vector<Record>> tail(std::size_t count) const;

  // Blocking. Removes whole blocks, oldest first, all of whose records began before `before`; keeps the hash
  // of the last one as the chain's anchor. Answers how many records went.
  Result<std::uint64_t> remove_before(TimePoint before);
  // Blocking. Reads everything.
  Result<ChainReport> verify() const;
  // Blocking. The newest block on the disk: whatever was acknowledged before is in it or in one before it,
  // and its hash covers all of them.
  struct Position {
    std::int64_t block = 0;
    std::string hash;  // hex
  };
  Result<Position> position() const;

  // For metrics and /readyz.
  struct Statistics {
    std::size_t waiting = 0;           // records not on the disk yet
    std::chrono::milliseconds lag{0};  // since the oldest of them was appended
    std::uint64_t records = 0;         // written since open
    std::uint64_t blocks = 0;
    std::uint64_t failures = 0;  // blocks that the disk refused
    std::uint64_t refused = 0;   // records that append() refused
    bool failing = false;        // the last block was refused
  };
  Statistics statistics() const;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The application check of journal.db for `store check`: opens no thread, reads the chain.
Result<ChainReport> verify_chain(store::Database& database);

}  // namespace hubward::journal
