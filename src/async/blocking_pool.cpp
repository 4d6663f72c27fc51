// SPDX-License-Identifier: Apache-2.0
#include "async/blocking_pool.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "async/await.hpp"

namespace hubward {

namespace asio = boost::asio;

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
  auto hand_over = [state = state_.get(), &work](auto resume) {
    // The loop must not think itself idle while a thread works for it.
    auto busy = asio::make_work_guard(asio::get_associated_executor(resume));
    state->push([work = std::move(work), busy = std::move(busy), resume = std::move(resume)]() mutable {
      work();
      work = nullptr;  // what it captured dies here, not on the loop
      auto executor = busy.get_executor();
      // The guard travels along and ends on the loop: ended here, it might stop the loop later on, in the
      // middle of something else.
      asio::post(executor,
                 [busy = std::move(busy), resume = std::move(resume)]() mutable { std::move(resume)(); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(hand_over, asio::use_awaitable);
  co_return Result<void>();
}

}  // namespace hubward
