// SPDX-License-Identifier: Apache-2.0
// Kills a writing process at arbitrary moments: what it acknowledged before is there when the store is opened
// again, and what is there is whole.
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include "store/database.hpp"
#include "store/store_lock.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;
using namespace hubward::store;

namespace {

constexpr std::array<std::string_view, 1> schema = {
    "CREATE TABLE events (id INTEGER PRIMARY KEY, half INTEGER NOT NULL, body TEXT NOT NULL) STRICT"};

Result<std::unique_ptr<Database>> open_events(const std::string& directory) {
  OpenOptions options;
  options.path = directory + "/vault.db";
  options.schemas = {{"events", schema}};
  return Database::open(std::move(options));
}

// Writes pairs of rows from `id` on and tells each acknowledged one through the pipe. Never returns.
[[noreturn]] void write_until_killed(const std::string& directory, std::int64_t id, int pipe) {
  Result<StoreLock> lock = StoreLock::take(directory);
  Result<std::unique_ptr<Database>> database = open_events(directory);
  if (!lock || !database) _exit(3);
  for (;; ++id) {
    std::string body(static_cast<std::size_t>(id * 37 % 9000), 'b');
    std::vector<Statement> pair{{"INSERT INTO events VALUES (?, 1, ?)", {2 * id, body}},
                                {"INSERT INTO events VALUES (?, 2, ?)", {2 * id + 1, body}}};
    if (!(*database)->write(std::move(pair))) _exit(4);
    if (write(pipe, &id, sizeof id) != sizeof id) _exit(5);
  }
}

// Reads acknowledgements until `wanted` have come, kills the child, reads the rest. The last one, or -1.
std::int64_t kill_after(pid_t child, int pipe, int wanted) {
  std::int64_t last = -1;
  std::int64_t id = 0;
  for (int i = 0; i < wanted && read(pipe, &id, sizeof id) == sizeof id; ++i) last = id;
  kill(child, SIGKILL);
  while (read(pipe, &id, sizeof id) == sizeof id) last = id;
  waitpid(child, nullptr, 0);
  return last;
}

}  // namespace

TEST_CASE("after kill -9 at any moment everything acknowledged is there, and whole") {
  TemporaryDirectory directory;
  std::minstd_rand random(7);
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(directory.path(), acknowledged + 1, ends[1]);
    }
    close(ends[1]);
    std::int64_t last = kill_after(child, ends[0], static_cast<int>(random() % 60) + (round == 0 ? 0 : 1));
    close(ends[0]);

    Result<StoreLock> lock = StoreLock::take(directory.path());  // it died with its holder
    REQUIRE(lock);
    Result<std::unique_ptr<Database>> database = open_events(directory.path());
    REQUIRE(database);
    Result<std::vector<std::string>> wrong = (*database)->check();
    REQUIRE(wrong);
    CHECK(wrong->empty());
    Result<std::vector<Row>> rows =
        (*database)->read({"SELECT max(id) / 2, count(*), sum(half = 1), sum(half = 2) FROM events"});
    REQUIRE(rows);
    const Row& row = rows->front();
    std::int64_t stored = integer_at(row, 0);
    CHECK(stored >= last);
    CHECK(integer_at(row, 1) == 2 * stored);  // nothing is missing in between
    CHECK(integer_at(row, 2) == integer_at(row, 3));
    acknowledged = stored;
  }
  CHECK(acknowledged > 100);
}
