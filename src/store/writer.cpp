// SPDX-License-Identifier: Apache-2.0
#include "store/writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace hubward::store {

namespace {

std::size_t bytes_of_statements(const std::vector<Statement>& statements) {
  std::size_t bytes = 0;
  for (const Statement& statement : statements) {
    bytes += statement.sql.text().size();
    for (const Value& value : statement.values) {
      bytes += sizeof(Value);
      if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
      if (const auto* blob = std::get_if<Bytes>(&value)) bytes += blob->size();
    }
  }
  return bytes;
}

}  // namespace

Writer::Writer(Connection connection, Limits limits)
    : connection_(std::move(connection)), limits_(limits), thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::submit(std::vector<Statement> statements, Done done) {
  std::size_t bytes = bytes_of_statements(statements);
  {
    std::scoped_lock lock(mutex_);
    if (queue_.size() < limits_.queue && queued_bytes_ + bytes <= limits_.queue_bytes) {
      queued_bytes_ += bytes;
      queue_.push_back({std::move(statements), bytes, std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  ++failures_;
  done(failure(
           "STORE_OVERLOADED", Fault::Store, Retry::Later,
           fmt::format("{}: too many writes are waiting for the disk; try again later", connection_.name())),
       std::move(statements));
}

std::vector<Writer::Transaction> Writer::take_group() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
  std::vector<Transaction> group;
  while (!queue_.empty() && group.size() < limits_.group) {
    queued_bytes_ -= queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::work() {
  for (std::vector<Transaction> group = take_group(); !group.empty(); group = take_group()) {
    Outcomes outcomes = run(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      ++(outcomes[i] ? transactions_ : failures_);
      group[i].done(std::move(outcomes[i]), std::move(group[i].statements));
    }
    group.clear();  // what the callers left in it dies before the next wait
  }
}

// When the group as a whole cannot be committed (a disk that is full for one of them), each gets a try alone,
// so that one failure does not spoil another.
Writer::Outcomes Writer::run(Group group) {
  if (commit_at_once(group)) return Outcomes(group.size());
  Result<Outcomes> together = commit_together(group);
  if (together) return std::move(*together);
  if (group.size() == 1) return Outcomes(1, std::unexpected(together.error()));
  Outcomes outcomes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Result<Outcomes> alone = commit_together(group.subspan(i, 1));
    outcomes.push_back(alone ? alone->front() : Result<void>(std::unexpected(alone.error())));
  }
  return outcomes;
}

bool Writer::commit_at_once(Group group) {
  Result<void> step = connection_.control("BEGIN IMMEDIATE");
  for (const Transaction& transaction : group)
    if (step) step = run_statements(transaction);
  if (step) step = connection_.control("COMMIT");
  if (!step && connection_.in_transaction()) static_cast<void>(connection_.control("ROLLBACK"));
  if (step) ++groups_;
  return step.has_value();
}

// Fails when nothing of the group was committed; else one outcome for each transaction.
Result<Writer::Outcomes> Writer::commit_together(Group group) {
  Result<void> step = connection_.control("BEGIN IMMEDIATE");
  Outcomes outcomes;
  for (const Transaction& transaction : group) {
    if (!step) break;
    outcomes.push_back(apply(transaction));
    // Some failures (disk full, I/O) make SQLite undo everything, savepoints and all.
    if (!connection_.in_transaction()) return std::unexpected(outcomes.back().error());
  }
  if (step) step = connection_.control("COMMIT");
  if (!step) {
    if (connection_.in_transaction()) static_cast<void>(connection_.control("ROLLBACK"));
    return std::unexpected(step.error());
  }
  ++groups_;
  return outcomes;
}

Result<void> Writer::run_statements(const Transaction& transaction) {
  for (const Statement& statement : transaction.statements) {
    Result<std::int64_t> changed = connection_.change(statement);
    if (!changed) return std::unexpected(changed.error());
    if (statement.must_change && *changed != *statement.must_change)
      return failure(
          "STORE_CONFLICT", Fault::Store, Retry::Never,
          fmt::format("{}: what was to be changed is not as it was read; read it again", connection_.name()));
  }
  return {};
}

Result<void> Writer::apply(const Transaction& transaction) {
  Result<void> done = connection_.control("SAVEPOINT one");
  if (done) done = run_statements(transaction);
  if (done) done = connection_.control("RELEASE one");
  if (!done && connection_.in_transaction()) {
    Result<void> undone = connection_.script("ROLLBACK TO one; RELEASE one");
    // Without its savepoint undone the transaction must not be committed with the others.
    if (!undone) static_cast<void>(connection_.control("ROLLBACK"));
  }
  return done;
}

Database::Statistics Writer::statistics() const {
  std::scoped_lock lock(mutex_);
  return {queue_.size(), transactions_, groups_, failures_};
}

}  // namespace hubward::store
