// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <thread>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "store/fake_disk.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;
using namespace hubward::journal;
using namespace std::chrono_literals;
using store::FakeDisk;
using store::TemporaryDirectory;

namespace {

std::unique_ptr<store::Database> open_file(const std::string& path, std::string file_system = {}) {
  store::OpenOptions options;
  options.path = path;
  options.schemas = {schema()};
  options.file_system = std::move(file_system);
  Result<std::unique_ptr<store::Database>> database = store::Database::open(std::move(options));
  if (!database) FAIL(database.error().message);
  return std::move(*database);
}

// A block is written only when a test asks for it.
JournalOptions unhurried() {
  JournalOptions options;
  options.commit_interval = 1h;
  options.retry_interval = 1h;
  return options;
}

struct Fixture {
  Loop loop;  // first: what resumes its tasks dies before it
  TemporaryDirectory directory;
  FakeDisk disk;
  ManualClock clock;
  std::unique_ptr<store::Database> database = open_file(path(), disk.name());
  std::unique_ptr<Journal> journal = open(unhurried());

  std::string path() const { return directory.file("journal.db"); }
  std::unique_ptr<Journal> open(JournalOptions options) {
    Result<std::unique_ptr<Journal>> opened = Journal::open(*database, clock, options);
    if (!opened) FAIL(opened.error().message);
    return std::move(*opened);
  }
  void reopen(JournalOptions options) {
    journal.reset();
    journal = open(options);
  }
  // Appends one record with time `time`, at the end of the current block.
  void add(std::int64_t time, std::string client = "billing", std::string correlation_id = "") {
    Record record;
    record.time = from_millis(time);
    record.client = std::move(client);
    record.correlation_id = std::move(correlation_id);
    REQUIRE(journal->append(std::move(record)));
  }
  void end_block() { REQUIRE(journal->flush()); }
  ChainReport verified() {
    Result<ChainReport> report = journal->verify();
    REQUIRE(report);
    return *report;
  }
};

std::string times_of(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) text += std::to_string(to_millis(record.time)) + " ";
  return text;
}

// Every page of a search, one after the other.
std::string all_of(Fixture& fixture, Search search) {
  std::string text;
  for (int pages = 0; pages < 100; ++pages) {
    Result<Page> page = fixture.journal->find(search);
    REQUIRE(page);
    CHECK(page->records.size() <= search.limit);
    text += times_of(page->records);
    if (!page->next) return text;
    search.after = page->next;
  }
  FAIL("a search that does not end");
  return text;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what was appended is found, in order, also after reopening") {
  add(1);
  add(2);
  end_block();
  add(3);
  journal.reset();  // writes what was accepted
  journal = open(unhurried());
  add(4);
  end_block();
  CHECK(all_of(*this, {}) == "1 2 3 4 ");
  Result<std::vector<Record>> newest = journal->tail(3);
  REQUIRE(newest);
  CHECK(times_of(*newest) == "2 3 4 ");
  ChainReport chain = verified();
  CHECK(chain.wrong.empty());
  CHECK(chain.blocks == 3);
  CHECK(chain.records == 4);
}

TEST_CASE_FIXTURE(Fixture, "a search finds by time and by name, page by page, both ways") {
  for (std::int64_t block = 0; block < 10; ++block) {
    for (std::int64_t i = 0; i < 4; ++i) {
      std::int64_t time = 10 * block + i;
      add(time, block % 3 == 0 ? "crm-sync" : "billing", "id-" + std::to_string(time));
    }
    end_block();
  }
  Search search;
  search.limit = 3;
  search.filter.from = from_millis(32);
  search.filter.to = from_millis(52);
  CHECK(all_of(*this, search) == "32 33 40 41 42 43 50 51 ");
  search.order = Order::NewestFirst;
  CHECK(all_of(*this, search) == "51 50 43 42 41 40 33 32 ");
  search.filter = {};
  search.filter.client = "crm-sync";
  CHECK(all_of(*this, search) == "93 92 91 90 63 62 61 60 33 32 31 30 3 2 1 0 ");
  search.order = Order::OldestFirst;
  CHECK(all_of(*this, search) == "0 1 2 3 30 31 32 33 60 61 62 63 90 91 92 93 ");
  search.filter.correlation_id = "id-61";
  CHECK(all_of(*this, search) == "61 ");
  search.filter.client = "billing";
  CHECK(all_of(*this, search).empty());
  search.filter = {};
  search.filter.status = 200;
  CHECK(all_of(*this, search).empty());
  search.filter = {};
  search.filter.from = from_millis(94);
  CHECK(all_of(*this, search).empty());
}

TEST_CASE_FIXTURE(Fixture, "a search by time misses nothing when the clock was set back") {
  add(500);
  end_block();
  add(100);  // set back
  end_block();
  add(300);
  end_block();
  Search search;
  search.filter.from = from_millis(300);
  CHECK(all_of(*this, search) == "500 300 ");
  search.filter.from.reset();
  search.filter.to = from_millis(300);
  CHECK(all_of(*this, search) == "100 ");
}

TEST_CASE_FIXTURE(Fixture,
                  "a durable append resumes when the record is on the disk, without waiting for company") {
  bool durable = false;
  auto task = [](Journal& into, bool& done) -> Async<void> {
    Record record;
    record.operation = "delete";
    Result<void> written = co_await into.append_durably(std::move(record));
    done = written.has_value();
    Result<Page> page = co_await into.search(Search{});
    REQUIRE(page);
    CHECK(page->records.size() == 1);
  };
  loop.run_task(task(*journal, durable));
  CHECK(durable);
  CHECK(journal->statistics().blocks == 1);
}

TEST_CASE_FIXTURE(Fixture, "records that come together share a block") {
  JournalOptions options = unhurried();
  options.block_records = 50;
  reopen(options);
  for (std::int64_t i = 0; i < 100; ++i) add(i);
  end_block();
  Journal::Statistics statistics = journal->statistics();
  CHECK(statistics.records == 100);
  CHECK(statistics.blocks <= 3);
  CHECK(statistics.waiting == 0);
  CHECK(verified().wrong.empty());
}

TEST_CASE_FIXTURE(Fixture, "a full queue refuses a record and says why") {
  JournalOptions options = unhurried();
  options.queue_limit = 3;
  reopen(options);
  CHECK(journal->accepting());
  for (std::int64_t i = 0; i < 3; ++i) add(i);
  CHECK(journal->accepting().error().code == "JOURNAL_UNAVAILABLE");
  clock.advance(7s);
  CHECK(journal->statistics().lag == 7s);
  Result<void> refused = journal->append(Record{});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "JOURNAL_UNAVAILABLE");
  CHECK(refused.error().fault == Fault::Store);
  CHECK(refused.error().retry == Retry::Later);
  CHECK(journal->statistics().refused == 1);
  end_block();
  add(4);
}

TEST_CASE_FIXTURE(
    Fixture, "while the disk fails no call is accepted; when it is well again nothing recorded is lost") {
  add(1);
  end_block();
  disk.fail_after(0, FakeDisk::Trouble::Full);
  add(2);
  Result<void> flushed = journal->flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == "JOURNAL_UNAVAILABLE");
  CHECK(flushed.error().message.find("disk is full") != std::string::npos);
  CHECK(journal->statistics().failing);
  CHECK(journal->accepting().error().code == "JOURNAL_UNAVAILABLE");
  add(3);  // of a call that was under way
  auto task = [](Journal& into) -> Async<void> {
    Result<void> written = co_await into.append_durably(Record{});
    REQUIRE_FALSE(written);
    CHECK(written.error().code == "JOURNAL_UNAVAILABLE");
  };
  loop.run_task(task(*journal));
  CHECK_FALSE(journal->flush());

  disk.heal();
  REQUIRE(journal->flush());  // tries the block again at once
  CHECK_FALSE(journal->statistics().failing);
  CHECK(journal->accepting());
  add(4);
  end_block();
  CHECK(all_of(*this, {}) == "1 2 3 4 ");
  CHECK(verified().wrong.empty());
}

TEST_CASE_FIXTURE(Fixture, "a disk that fails while a task waits tells the task, and keeps the record") {
  disk.fail_after(0, FakeDisk::Trouble::NoFlush);
  auto task = [](Journal& into) -> Async<void> {
    Record record;
    record.time = from_millis(1);
    Result<void> written = co_await into.append_durably(std::move(record));
    REQUIRE_FALSE(written);
    CHECK(written.error().code == "JOURNAL_UNAVAILABLE");
  };
  loop.run_task(task(*journal));
  disk.heal();
  end_block();
  CHECK(all_of(*this, {}) == "1 ");
}

TEST_CASE_FIXTURE(Fixture, "retention removes whole blocks and the chain still holds") {
  for (std::int64_t block = 0; block < 4; ++block) {
    add(10 * block);
    add(10 * block + 5);
    end_block();
  }
  Result<std::uint64_t> removed = journal->remove_before(from_millis(15));  // in the middle of the second
  REQUIRE(removed);
  CHECK(*removed == 2);
  CHECK(all_of(*this, {}) == "10 15 20 25 30 35 ");
  ChainReport chain = verified();
  CHECK(chain.wrong.empty());
  CHECK(chain.first_block == 2);
  CHECK(*journal->remove_before(from_millis(15)) == 0);

  REQUIRE(*journal->remove_before(from_millis(1000)) == 6);
  CHECK(all_of(*this, {}).empty());
  reopen(unhurried());
  add(40);
  end_block();
  chain = verified();
  CHECK(chain.wrong.empty());
  CHECK(chain.first_block == 5);
}

TEST_CASE("verification notices what was changed, and where") {
  struct {
    const char* what;
    const char* sql;
    const char* sentence;
  } cases[] = {
      {"a record",
       "UPDATE journal_blocks SET payload = (SELECT payload FROM journal_blocks WHERE number = 3) WHERE "
       "number = 2",
       "block 2 is not what was written after block 1"},
      {"a block with its hash",
       "UPDATE journal_blocks SET payload = x'01', hash = zeroblob(32) WHERE number = 2",
       "block 2 is not what was written after block 1"},
      {"a missing block", "DELETE FROM journal_blocks WHERE number = 2", "blocks 2 to 2 are missing"},
      {"a beginning that is missing", "DELETE FROM journal_blocks WHERE number < 3",
       "blocks 1 to 2 are missing"},
      {"a time beside the payload", "UPDATE journal_blocks SET last_time = 9 WHERE number = 2",
       "the columns of block 2 do not say what is in it"},
      {"a filter", "UPDATE journal_blocks SET filter = zeroblob(8) WHERE number = 2",
       "the columns of block 2 do not say what is in it"},
  };
  for (const auto& [what, sql, sentence] : cases) {
    CAPTURE(what);
    Fixture fixture;
    for (std::int64_t time = 0; time < 4; ++time) {
      fixture.add(time);
      fixture.end_block();
    }
    fixture.journal.reset();
    REQUIRE(fixture.database->write({{std::string(sql)}}));
    Result<ChainReport> chain = verify_chain(*fixture.database);
    REQUIRE(chain);
    REQUIRE_FALSE(chain->wrong.empty());
    CHECK(chain->wrong.front() == sentence);
  }
}

TEST_CASE("after kill -9 everything acknowledged is in the journal, and its chain holds") {
  TemporaryDirectory directory;
  std::string path = directory.file("journal.db");
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      SystemClock clock;
      auto database = open_file(path);
      auto journal = Journal::open(*database, clock, {});
      if (!journal) _exit(3);
      for (std::int64_t time = acknowledged + 1;; ++time) {
        Record record;
        record.time = from_millis(time);
        if (!(*journal)->append(std::move(record))) _exit(4);
        if (time % 5 != 0) continue;
        if (!(*journal)->flush() || write(ends[1], &time, sizeof time) != sizeof time) _exit(5);
      }
    }
    close(ends[1]);
    std::int64_t last = 0;
    for (int i = 0; i < 5 + 7 * round && read(ends[0], &last, sizeof last) == sizeof last; ++i) {
    }
    kill(child, SIGKILL);
    for (std::int64_t more = 0; read(ends[0], &more, sizeof more) == sizeof more;) last = more;
    waitpid(child, nullptr, 0);
    close(ends[0]);

    auto database = open_file(path);
    Result<ChainReport> chain = verify_chain(*database);
    REQUIRE(chain);
    CHECK(chain->wrong.empty());
    CHECK(chain->records >= static_cast<std::uint64_t>(last));
    acknowledged = static_cast<std::int64_t>(chain->records);
  }
  CHECK(acknowledged > 100);
}

// `journal_test -ns -tc="what a record costs*"` prints the figure of docs/formats/journal.md.
TEST_CASE("what a record costs, measured" * doctest::skip()) {
  Fixture fixture;
  fixture.reopen({});
  Record record;
  record.time = from_millis(1'800'000'000'000);
  record.client = "billing";
  record.connection = "acme-prod";
  record.operation = "crm.objects.read";
  record.path_template = "/crm/v3/objects/{objectType}/{objectId}";
  record.parameters = {{"objectType", "~h:3q2-7wABAgMEBQYH"}, {"objectId", "51"}};
  record.rule = "readers";
  record.peer = "10.0.0.7";
  constexpr std::int64_t count = 200'000;
  auto begun = std::chrono::steady_clock::now();
  std::clock_t cpu = std::clock();
  for (std::int64_t i = 0; i < count; ++i) {
    record.time += 1ms;
    record.correlation_id = "4cb6a3d1-9c1e-4e7b-b1ad-" + std::to_string(100'000'000'000 + i);
    while (!fixture.journal->append(record)) std::this_thread::yield();
  }
  fixture.end_block();
  double spent = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%.0f records/s, %.2f us of CPU each, %llu blocks\n", count / took.count(), spent / count * 1e6,
              static_cast<unsigned long long>(fixture.journal->statistics().blocks));
}
