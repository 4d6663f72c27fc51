// SPDX-License-Identifier: Apache-2.0
#include "async/loop.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "async/engine.hpp"
#include "async/suspend.hpp"
#include "core/invariant.hpp"

namespace hubward {

namespace asio = boost::asio;

namespace {

// A task that nobody awaits. It owns itself, and is listed so that the loop can drop it when it goes.
struct Spawned {
  struct promise_type {
    promise_type(Loop& on, const Async<void>&) : loop(&on), listed(on.engine().spawned) {
      place = listed.insert(listed.end(), task());
    }
    ~promise_type() { listed.erase(place); }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;

    std::coroutine_handle<promise_type> task() {
      return std::coroutine_handle<promise_type>::from_promise(*this);
    }
    Spawned get_return_object() { return {task()}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    // Tasks answer with a Result; what they throw is a bug, and going on would hide it.
    void unhandled_exception() const noexcept {
      try {
        throw;
      } catch (const std::exception& trouble) {
        invariant(false, trouble.what());
      } catch (...) {
        invariant(false, "a spawned task threw");
      }
    }

    Loop* loop;
    std::list<std::coroutine_handle<>>& listed;
    std::list<std::coroutine_handle<>>::iterator place;
  };

  std::coroutine_handle<> task;
};

Spawned own(Loop& loop, Async<void> task) {
  auto busy = asio::make_work_guard(loop.engine().context);
  co_await std::move(task);
}

struct End {
  bool reached = false;
  std::exception_ptr thrown;
};

Async<void> note_end(Async<void> task, End& end) {
  try {
    co_await std::move(task);
  } catch (...) {
    end.thrown = std::current_exception();
  }
  end.reached = true;
}

auto fired(asio::steady_timer& timer) {
  return suspend(
      [&timer](Suspended task) { timer.async_wait([task](boost::system::error_code) { task.resume(); }); });
}

}  // namespace

Loop::Loop() : engine_(std::make_unique<Engine>()) {}

Loop::~Loop() {
  while (!engine_->spawned.empty()) engine_->spawned.front().destroy();
}

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
  Spawned spawned = own(*this, std::move(task));
  asio::dispatch(engine_->context, [start = spawned.task] { start.resume(); });
}

void Loop::run_task(Async<void> task) {
  End end;
  spawn(note_end(std::move(task), end));
  // After the spawn, which is work: the context stopped when it last ran out of it.
  engine_->context.restart();
  int idle = 0;
  while (!end.reached) {
    idle = engine_->context.run_one() > 0 ? 0 : idle + 1;
    bool in_vain = engine_->stop_asked || idle == 3;  // once may be a stop from before (Loop::Engine)
    invariant(end.reached || !in_vain,
              "a task waits for something that never comes, or the loop was stopped");
    if (engine_->context.stopped()) engine_->context.restart();
  }
  if (end.thrown) std::rethrow_exception(end.thrown);
}

Async<void> sleep_until(Deadline deadline) {
  Loop& here = co_await this_loop();
  asio::steady_timer timer(here.engine().context, deadline);
  co_await fired(timer);
}

Async<void> yield() {
  co_await suspend(
      [](Suspended task) { asio::post(task.loop().engine().context, [task] { task.resume(); }); });
}

// Every waiter has its own timer in its own frame and is listed here while it waits.
struct Signal::State {
  struct Waiter {
    Waiter(std::shared_ptr<State> of, Loop& here, Deadline deadline)
        : state(std::move(of)), timer(here.engine().context, deadline) {
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
  Loop& here = co_await this_loop();
  State::Waiter waiter(state, here, deadline);
  co_await fired(waiter.timer);
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
