// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "async/await.hpp"
#include "async/blocking_pool.hpp"
#include "async/resume.hpp"
#include "journal/archive.hpp"
#include "journal/block.hpp"

namespace hubward::journal {

namespace {

// Searches by tasks; one reads at a time, so that a long one takes only one of the database's readers.
constexpr std::size_t search_threads = 1;
constexpr std::size_t waiting_searches = 64;
constexpr std::string_view too_many_wait = "too many records are waiting for the disk";

Error unavailable(std::string why) {
  return {"JOURNAL_UNAVAILABLE", Fault::Store, Retry::Later,
          fmt::format("the journal cannot take a record: {}; calls are refused until it can", why)};
}

}  // namespace

struct Journal::State {
  using Done = std::move_only_function<void(Result<void>)>;
  struct Entry {
    Record record;
    std::size_t bytes = 0;
    SteadyPoint appended;
    Done done;  // of append_durably(); else empty
  };

  State(store::Database& into, const Clock& the_clock, JournalOptions given, ChainEnd end)
      : database(into), clock(the_clock), options(given), chain(end), thread([this] { work(); }) {}

  ~State() {
    {
      std::scoped_lock lock(mutex);
      closing = true;
    }
    wake.notify_all();
    thread.join();
  }

  // Refuses through the result; `done` is then not called.
  Result<void> append(Record&& record, Done done) {
    fit(record);
    std::size_t bytes = text_bytes(record) + sizeof(Record);
    SteadyPoint now = clock.steady();
    std::unique_lock lock(mutex);
    bool full = waiting() >= options.queue_limit || queued_bytes + bytes > options.queue_bytes_limit;
    bool in_vain = failing && done;
    if (full || in_vain) {
      ++counted.refused;
      return std::unexpected(unavailable(in_vain ? last_failure : std::string(too_many_wait)));
    }
    ++appended;
    if (done) hurry_until = appended;
    queued_bytes += bytes;
    queue.emplace_back(std::move(record), bytes, now, std::move(done));
    take_stock();
    // The thread sleeps until the first record comes, and then, while that waits for company, until it
    // matters.
    bool matters = hurried() || queue.size() == 1 || queue.size() >= options.block_records;
    lock.unlock();
    if (matters) wake.notify_one();
    return {};
  }

  Result<void> flush() {
    std::unique_lock lock(mutex);
    std::uint64_t wanted = appended;
    std::uint64_t failures_before = counted.failures;
    hurry_until = wanted;
    wake.notify_one();
    progress.wait(lock, [&] { return counted.records >= wanted || counted.failures > failures_before; });
    if (counted.records >= wanted) return {};
    return std::unexpected(unavailable(last_failure));
  }

  Statistics statistics() const {
    std::scoped_lock lock(mutex);
    Statistics now = counted;
    now.waiting = waiting();
    now.failing = failing;
    const Entry* oldest = !writing.empty() ? &writing.front() : !queue.empty() ? &queue.front() : nullptr;
    if (oldest)
      now.lag = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - oldest->appended);
    return now;
  }

  // What is kept back is for the records of calls that are under way.
  void take_stock() {
    constexpr std::size_t kept_back = 8;  // an eighth
    is_failing = failing;
    is_nearly_full = waiting() >= options.queue_limit - options.queue_limit / kept_back ||
                     queued_bytes >= options.queue_bytes_limit - options.queue_bytes_limit / kept_back;
  }

  std::size_t waiting() const { return queue.size() + writing.size(); }
  bool hurried() const { return counted.records < hurry_until; }

  // The thread: fills a block, writes it until the disk takes it, begins anew.
  void work() {
    while (fill_block()) {
      while (!write_block()) {
        std::unique_lock lock(mutex);
        if (closing) return;
        wake.wait_for(lock, options.retry_interval, [this] { return closing || hurried(); });
      }
    }
  }

  // Waits for records and moves the next block's into `writing`; false when there are none and never will be.
  bool fill_block() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return closing || !queue.empty(); });
    auto ready = [this] { return closing || hurried() || queue.size() >= options.block_records; };
    wake.wait_for(lock, options.commit_interval, ready);
    take_next();
    lock.unlock();
    // Not under the lock, for which the loops wait.
    block.number = chain.number + 1;
    block.records.clear();
    for (Entry& entry : writing) block.records.push_back(std::move(entry.record));
    return !block.records.empty();
  }

  // As a rule all that wait fit into one block.
  void take_next() {
    if (queue.size() <= options.block_records && queued_bytes <= full_block_bytes) return writing.swap(queue);
    std::size_t bytes = 0;
    while (!queue.empty() && writing.size() < options.block_records && bytes < full_block_bytes) {
      bytes += queue.front().bytes;
      writing.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  }

  // Tries once. Whoever waits for the block is answered either way.
  bool write_block() {
    Bytes payload = encode(block);
    crypto::Digest hash = chain_hash(chain.hash, payload);
    std::vector<store::Statement> transaction;
    transaction.push_back(block_row(block, std::move(payload), hash));
    Result<void> written = database.write(std::move(transaction));
    if (!written && is_there_already(block.number, hash)) written = {};
    if (written) chain = {block.number, hash};
    settle(written);
    return written.has_value();
  }

  // A try that failed may turn out to have been written after all.
  bool is_there_already(std::int64_t number, const crypto::Digest& hash) {
    Result<std::optional<crypto::Digest>> found = read_hash(database, number);
    return found && *found == hash;
  }

  void settle(const Result<void>& written) {
    std::vector<Done> answers;
    std::deque<Entry> written_entries;  // die behind the lock, for which the loops wait
    {
      std::scoped_lock lock(mutex);
      auto take_answers = [&answers](std::deque<Entry>& entries) {
        for (Entry& entry : entries)
          if (entry.done) answers.push_back(std::exchange(entry.done, nullptr));
      };
      take_answers(writing);
      failing = !written;
      if (written) {
        counted.records += writing.size();
        ++counted.blocks;
        for (const Entry& entry : writing) queued_bytes -= entry.bytes;
        written_entries.swap(writing);
      } else {
        ++counted.failures;
        last_failure = written.error().message;
        take_answers(queue);  // nobody waits longer than for one answer of the disk
        hurry_until = 0;
      }
      take_stock();
    }
    progress.notify_all();
    for (Done& answer : answers) {
      if (written)
        answer({});
      else
        answer(std::unexpected(unavailable(written.error().message)));
    }
  }

  // Constant after construction.
  store::Database& database;
  const Clock& clock;
  const JournalOptions options;

  // Touched by the thread only.
  ChainEnd chain;
  Block block;  // that is being written, or was refused

  // Read by accepting() without the lock.
  std::atomic<bool> is_failing = false;
  std::atomic<bool> is_nearly_full = false;

  mutable std::mutex maintenance;  // retention and verification, one at a time

  mutable std::mutex mutex;          // guards what follows
  std::condition_variable wake;      // the thread
  std::condition_variable progress;  // who waits in flush()
  std::deque<Entry> queue;
  std::deque<Entry> writing;  // those of `block`; their records belong to the thread
  std::size_t queued_bytes = 0;
  std::uint64_t appended = 0;
  std::uint64_t hurry_until = 0;  // somebody waits until so many records are on the disk
  bool closing = false;
  bool failing = false;
  std::string last_failure;
  Statistics counted;

  mutable BlockingPool searching{search_threads, waiting_searches};
  std::thread thread;  // last, so that it starts when everything else is there
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(store::Database& database, const Clock& clock,
                                               JournalOptions options) {
  options.block_records = std::clamp<std::size_t>(options.block_records, 1, max_block_records);
  Result<ChainEnd> end = read_chain_end(database);
  if (!end) return while_doing("the journal cannot be opened", end.error());
  return std::unique_ptr<Journal>(new Journal(std::make_unique<State>(database, clock, options, *end)));
}

Result<void> Journal::accepting() const {
  if (state_->is_failing.load(std::memory_order_relaxed))
    return std::unexpected(unavailable("the disk refused the last ones"));
  if (state_->is_nearly_full.load(std::memory_order_relaxed))
    return std::unexpected(unavailable(std::string(too_many_wait)));
  return {};
}

Result<void> Journal::append(Record record) {
  return state_->append(std::move(record), nullptr);
}

Async<Result<void>> Journal::append_durably(Record record) {
  // Shared, so that the writer may still answer when the task is gone.
  auto outcome = std::make_shared<Result<void>>();
  auto start = [state = state_.get(), record = std::move(record), outcome](auto resume) mutable {
    // Shared between the answer and the refusal: whichever comes resumes the task, once.
    auto go_on = std::make_shared<decltype(resume)>(std::move(resume));
    Result<void> taken = state->append(std::move(record), [outcome, go_on](Result<void> written) {
      *outcome = std::move(written);
      (*go_on)();
    });
    if (taken) return;
    *outcome = std::move(taken);
    (*go_on)();
  };
  co_await until_resumed(std::move(start));
  co_return std::move(*outcome);
}

Result<void> Journal::flush() {
  return state_->flush();
}

Result<Page> Journal::find(Search search) const {
  return find_page(state_->database, search);
}

Async<Result<Page>> Journal::search(Search search) const {
  Result<Page> page;
  auto work = [&page, &search, database = &state_->database] { page = find_page(*database, search); };
  Result<void> ran = co_await state_->searching.run(work);
  if (!ran) co_return std::unexpected(unavailable("too many searches are waiting"));
  co_return std::move(page);
}

Result<std::vector<Record>> Journal::tail(std::size_t count) const {
  Search search;
  search.order = Order::NewestFirst;
  std::vector<Record> records;
  count = std::min(count, max_page);
  while (records.size() < count) {
    search.limit = count - records.size();
    Result<Page> page = find(search);
    if (!page) return std::unexpected(page.error());
    std::ranges::move(page->records, std::back_inserter(records));
    if (!page->next) break;
    search.after = page->next;
  }
  std::ranges::reverse(records);
  return records;
}

Result<std::uint64_t> Journal::remove_before(TimePoint before) {
  std::scoped_lock lock(state_->maintenance);
  return remove_blocks_before(state_->database, before);
}

Result<ChainReport> Journal::verify() const {
  std::scoped_lock lock(state_->maintenance);
  return verify_chain(state_->database);
}

Result<Journal::Position> Journal::position() const {
  Result<ChainEnd> end = read_chain_end(state_->database);
  if (!end) return std::unexpected(end.error());
  return Position{end->number, to_hex(end->hash)};
}

Journal::Statistics Journal::statistics() const {
  return state_->statistics();
}

}  // namespace hubward::journal
