// SPDX-License-Identifier: Apache-2.0
// The one thread that writes a database file: it commits what waits in groups, one flush to the disk for each
// group. For sources of store/ only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/result.hpp"
#include "store/connection.hpp"
#include "store/database.hpp"
#include "store/value.hpp"

namespace hubward::store {

class Writer {
 public:
  // Called once, on the writer's thread, when the outcome is known and durable; gets back what was submitted.
  using Done = std::move_only_function<void(Result<void>, std::vector<Statement>)>;
  struct Limits {
    std::size_t group;
    std::size_t queue;
    std::size_t queue_bytes;
  };

  Writer(Connection connection, Limits limits);
  ~Writer();  // writes what was accepted, then ends
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Any thread. A refusal (STORE_OVERLOADED) is told through `done`, at once.
  void submit(std::vector<Statement> statements, Done done);
  Database::Statistics statistics() const;

 private:
  struct Transaction {
    std::vector<Statement> statements;
    std::size_t bytes = 0;
    Done done;
  };
  using Group = std::span<Transaction>;
  using Outcomes = std::vector<Result<void>>;

  void work();
  std::vector<Transaction> take_group();
  Outcomes run(Group group);
  Result<Outcomes> commit_together(Group group);
  // Commits a group of which nothing fails; false, with nothing done, when something did. A savepoint for
  // each transaction makes SQLite copy every page that it changes.
  bool commit_at_once(Group group);
  Result<void> run_statements(const Transaction& transaction);
  Result<void> apply(const Transaction& transaction);

  // Touched by the thread only.
  Connection connection_;

  const Limits limits_;
  std::atomic<std::uint64_t> transactions_{0};
  std::atomic<std::uint64_t> groups_{0};
  std::atomic<std::uint64_t> failures_{0};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Transaction> queue_;
  std::size_t queued_bytes_ = 0;
  bool closing_ = false;

  std::thread thread_;  // last, so that it starts when everything else is there
};

}  // namespace hubward::store
