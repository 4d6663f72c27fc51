// SPDX-License-Identifier: Apache-2.0
#include "async/loop.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "async/engine.hpp"
#include "core/invariant.hpp"

namespace hubward {

namespace asio = boost::asio;

namespace {

constexpr auto waiting = asio::as_tuple(asio::use_awaitable);

// Tasks answer with a Result; what they throw is a bug, and going on would hide it.
void refuse_exception(std::exception_ptr thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& trouble) {
    invariant(false, trouble.what());
  } catch (...) {
    invariant(false, "a spawned task threw");
  }
}

}  // namespace

Loop::Loop() : engine_(std::make_unique<Engine>()) {}
Loop::~Loop() = default;

void Loop::run() {
  auto keep_running = asio::make_work_guard(engine_->context);
  while (!engine_->stop_asked) {
    engine_->context.restart();
    engine_->context.run();
  }
  engine_->stop_asked = false;
  engine_->context.restart();
}

void Loop::run_until_idle() {
  engine_->context.restart();
  engine_->context.run();
  engine_->context.restart();
  engine_->stop_asked = false;
}

void Loop::stop() {
  engine_->stop_asked = true;
  engine_->context.stop();
}

void Loop::post(std::move_only_function<void()> work) {
  asio::post(engine_->context, std::move(work));
}

void Loop::spawn(Async<void> task) {
  asio::co_spawn(engine_->context, std::move(task), refuse_exception);
}

void Loop::run_task(Async<void> task) {
  bool done = false;
  std::exception_ptr thrown;
  asio::co_spawn(engine_->context, std::move(task), [&](std::exception_ptr trouble) {
    thrown = trouble;
    done = true;
  });
  // After the spawn, which is work: the context stopped when it last ran out of it.
  engine_->context.restart();
  int idle = 0;
  while (!done) {
    idle = engine_->context.run_one() > 0 ? 0 : idle + 1;
    bool in_vain = engine_->stop_asked || idle == 3;  // once may be a stop from before (Loop::Engine)
    invariant(done || !in_vain, "a task waits for something that never comes, or the loop was stopped");
    if (engine_->context.stopped()) engine_->context.restart();
  }
  if (thrown) std::rethrow_exception(thrown);
}

Async<void> sleep_until(Deadline deadline) {
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  co_await timer.async_wait(waiting);
}

Async<void> yield() {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

// Every waiter has its own timer in its own frame and is listed here while it waits.
struct Signal::State {
  struct Waiter {
    Waiter(std::shared_ptr<State> of, const asio::any_io_executor& executor, Deadline deadline)
        : state(std::move(of)), timer(executor, deadline) {
      state->waiters.push_back(this);
    }
    ~Waiter() { std::erase(state->waiters, this); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    std::shared_ptr<State> state;
    asio::steady_timer timer;
    bool notified = false;
  };
  std::vector<Waiter*> waiters;
};

Signal::Signal(Loop& loop) : state_(std::make_shared<State>()) {
  static_cast<void>(loop);  // a waiter's timer belongs to the loop that its task runs on
}
Signal::~Signal() = default;

Async<bool> Signal::wait(Deadline deadline) {
  std::shared_ptr<State> state = state_;
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  State::Waiter waiter(state, executor, deadline);
  co_await waiter.timer.async_wait(waiting);
  co_return waiter.notified;
}

void Signal::notify() {
  for (State::Waiter* waiter : state_->waiters) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
  state_->waiters.clear();
}

void Signal::notify_one() {
  if (state_->waiters.empty()) return;
  State::Waiter* first = state_->waiters.front();
  state_->waiters.erase(state_->waiters.begin());
  first->notified = true;
  first->timer.cancel();
}

}  // namespace hubward
