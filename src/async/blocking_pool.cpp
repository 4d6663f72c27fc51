// SPDX-License-Identifier: Apache-2.0
#include "async/blocking_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "async/resume.hpp"

namespace hubward {

struct BlockingPool::State {
  using Job = std::move_only_function<void()>;

  explicit State(std::size_t limit) : queue_limit(limit) {}

  // Claims a place in the queue, to be taken by push().
  bool reserve() {
    std::scoped_lock lock(mutex);
    if (waiting.size() + reserved >= queue_limit) return false;
    ++reserved;
    return true;
  }

  void push(Job job) {
    {
      std::scoped_lock lock(mutex);
      --reserved;
      waiting.push_back(std::move(job));
    }
    wake.notify_one();
  }

  void work() {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return closing || !waiting.empty(); });
      if (waiting.empty()) return;
      Job job = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      job();
    }
  }

  // Constant after construction.
  const std::size_t queue_limit;

  std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  std::deque<Job> waiting;
  std::size_t reserved = 0;
  bool closing = false;

  std::vector<std::thread> threads;  // touched by constructor and destructor only
};

BlockingPool::BlockingPool(std::size_t threads, std::size_t queue_limit)
    : state_(std::make_unique<State>(queue_limit)) {
  for (std::size_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

BlockingPool::~BlockingPool() {
  {
    std::scoped_lock lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Async<Result<void>> BlockingPool::run(std::move_only_function<void()> work) {
  if (!state_->reserve())
    co_return failure("OVERLOADED", Fault::Us, Retry::Later,
                      "too much blocking work is waiting already; try again later");
  State* state = state_.get();
  co_await until_resumed([state, &work](std::move_only_function<void()> resume) {
    state->push([work = std::move(work), resume = std::move(resume)]() mutable {
      work();
      work = nullptr;  // what it captured dies here, not on the loop
      resume();
    });
  });
  co_return Result<void>();
}

}  // namespace hubward
