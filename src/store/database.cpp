// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include <fmt/core.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

#include "async/await.hpp"
#include "async/blocking_pool.hpp"
#include "async/resume.hpp"
#include "store/connection.hpp"
#include "store/copy.hpp"
#include "store/files.hpp"
#include "store/migrations.hpp"
#include "store/writer.hpp"

namespace hubward::store {

namespace {

// Reading connections, lent to one thread at a time.
class Readers {
 public:
  explicit Readers(std::vector<Connection> connections) : idle_(std::move(connections)) {}

  Result<std::vector<Row>> read(const Statement& statement) {
    Connection connection = borrow();
    Result<std::vector<Row>> rows = connection.read(statement);
    give_back(std::move(connection));
    return rows;
  }

 private:
  Connection borrow() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty(); });
    Connection connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  void give_back(Connection connection) {
    {
      std::scoped_lock lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection> idle_;
};

// A new file is marked as ours; one with tables but without the mark is another program's.
Result<void> claim(Connection& connection) {
  Result<std::vector<Row>> found = connection.ask(
      "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)");
  if (!found) return std::unexpected(found.error());
  std::int64_t mark = integer_at(found->front(), 0);
  if (mark == application_id) return {};
  if (mark != 0 || integer_at(found->front(), 1) != 0)
    return failure(
        "STORE_CORRUPT", Fault::Store, Retry::Never,
        fmt::format("{}: is a database of another program; name another store directory", connection.name()));
  return connection.script(fmt::format("PRAGMA application_id={}", application_id));
}

Result<void> refuse_damaged(Connection& connection, Check thoroughness) {
  if (thoroughness == Check::None) return {};
  Result<std::vector<std::string>> wrong = damages_of(connection, thoroughness);
  if (!wrong) return std::unexpected(wrong.error());
  if (wrong->empty()) return {};
  return failure("STORE_CORRUPT", Fault::Store, Retry::Never,
                 fmt::format("{}: is damaged ({}); run `hubward store check`, then restore a backup",
                             connection.name(), wrong->front()));
}

}  // namespace

// Members go in reverse: first the threads that read, then the one that writes, then the connections.
struct Database::State {
  State(OpenOptions given, Connection writing, std::vector<Connection> reading)
      : options(std::move(given)),
        readers(std::move(reading)),
        writer(std::move(writing), {options.group_limit, options.queue_limit, options.queue_bytes_limit}),
        pool(options.readers) {}

  Connection::Settings settings() const { return {options.busy_timeout, options.file_system}; }

  const OpenOptions options;
  Readers readers;
  Writer writer;
  BlockingPool pool;
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(OpenOptions options) {
  IfMissing if_missing = options.upgrade == Upgrade::Apply ? IfMissing::Create : IfMissing::Fail;
  Result<void> ready = require_private_file(options.path, if_missing);
  if (!ready) return std::unexpected(ready.error());
  Connection::Settings settings{options.busy_timeout, options.file_system};
  Connection::Settings for_writing = settings;
  for_writing.cache_kilobytes = options.cache_kilobytes;
  for_writing.checkpoint_pages = options.checkpoint_pages;
  for_writing.page_bytes = options.page_bytes;
  Result<Connection> writing = Connection::open(options.path, Connection::Use::Write, for_writing);
  if (!writing) return std::unexpected(writing.error());
  ready = claim(*writing);
  if (ready) ready = refuse_damaged(*writing, options.check);
  if (ready) ready = migrate(*writing, options.schemas, options.upgrade);
  if (!ready) return std::unexpected(ready.error());

  std::vector<Connection> reading;
  for (std::size_t i = 0; i < options.readers; ++i) {
    Result<Connection> reader = Connection::open(options.path, Connection::Use::Read, settings);
    if (!reader) return std::unexpected(reader.error());
    reading.push_back(std::move(*reader));
  }
  options.schemas.clear();  // their views need not outlive open()
  auto state = std::make_unique<State>(std::move(options), std::move(*writing), std::move(reading));
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Result<std::vector<Row>> Database::read(Statement statement) {
  return state_->readers.read(statement);
}

Result<void> Database::write(std::vector<Statement> transaction) {
  std::promise<Result<void>> outcome;
  std::future<Result<void>> known = outcome.get_future();
  state_->writer.submit(
      std::move(transaction),
      [outcome = std::move(outcome)](Result<void> result, const std::vector<Statement>&) mutable {
        outcome.set_value(std::move(result));
      });
  return known.get();
}

Async<Result<std::vector<Row>>> Database::query(Statement statement) {
  std::optional<Result<std::vector<Row>>> rows;
  auto work = [&rows, &statement, readers = &state_->readers] { rows = readers->read(statement); };
  Result<void> ran = co_await state_->pool.run(work);
  if (!ran) {
    co_return failure("STORE_OVERLOADED", Fault::Store, Retry::Later,
                      "too many reads are waiting for the disk; try again later");
  }
  co_return std::move(*rows);
}

Async<Result<void>> Database::commit(std::vector<Statement> transaction) {
  struct Outcome {
    Result<void> result;
    std::vector<Statement> written;
  };
  // Shared, so that the writer may still answer when the task is gone. What was written dies here, in the
  // thread that made it: an allocator has to lock for what another thread frees.
  auto outcome = std::make_shared<Outcome>();
  auto start = [writer = &state_->writer, transaction = std::move(transaction),
                outcome](auto resume) mutable {
    writer->submit(std::move(transaction), [outcome, resume = std::move(resume)](
                                               Result<void> result, std::vector<Statement> written) mutable {
      outcome->result = std::move(result);
      outcome->written = std::move(written);
      resume();
    });
  };
  co_await until_resumed(std::move(start));
  co_return std::move(outcome->result);
}

Result<void> Database::backup(std::string to_path) {
  return copy_database(state_->options.path, to_path, state_->settings());
}

Result<std::vector<std::string>> Database::check(Check thoroughness) {
  Result<Connection> connection =
      Connection::open(state_->options.path, Connection::Use::Read, state_->settings());
  if (!connection) return std::unexpected(connection.error());
  return damages_of(*connection, thoroughness);
}

Result<void> Database::checkpoint() {
  Result<Connection> connection =
      Connection::open(state_->options.path, Connection::Use::Write, state_->settings());
  if (!connection) return std::unexpected(connection.error());
  Result<std::vector<Row>> done = connection->ask("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!done) return std::unexpected(done.error());
  if (integer_at(done->front(), 0) == 0) return {};
  return failure("STORE_UNAVAILABLE", Fault::Store, Retry::Later,
                 fmt::format("{}: a long read keeps the write-ahead log from being emptied; try again later",
                             connection->name()));
}

Result<void> Database::rewrite() {
  Result<Connection> connection =
      Connection::open(state_->options.path, Connection::Use::Write, state_->settings());
  if (!connection) return std::unexpected(connection.error());
  Result<void> rewritten = connection->script("VACUUM");
  if (!rewritten) return rewritten;
  return checkpoint();
}

std::string Database::directory() const {
  return std::filesystem::path(state_->options.path).parent_path().string();
}

Database::Statistics Database::statistics() const {
  return state_->writer.statistics();
}

}  // namespace hubward::store
