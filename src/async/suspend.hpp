// SPDX-License-Identifier: Apache-2.0
// How a task waits for something that is no task: a timer, a socket, another thread. For sources that make
// such waits; everybody else awaits what they offer.
#pragma once

#include <coroutine>
#include <utility>

#include "async/loop.hpp"

namespace hubward {

// A task that waits. It goes on when resume() is called, once, on its own loop; the task, and with it
// whatever waits, may be gone when that returns. A task that is never resumed is dropped with its loop.
class Suspended {
 public:
  Suspended() = default;
  Suspended(std::coroutine_handle<> task, Loop& loop) : task_(task), loop_(&loop) {}
  explicit operator bool() const noexcept { return task_ != nullptr; }
  Loop& loop() const { return *loop_; }
  void resume() const { task_.resume(); }

 private:
  std::coroutine_handle<> task_;
  Loop* loop_ = nullptr;
};

// `co_await suspend(begin)`: suspends the task and calls begin(Suspended), which arranges for it to be
// resumed later, never before it returns.
template <class Begin>
class Suspension {
 public:
  explicit Suspension(Begin begin) : begin_(std::move(begin)) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> task) {
    begin_(Suspended(task, *task.promise().loop));
  }
  void await_resume() const noexcept {}

 private:
  Begin begin_;
};

template <class Begin>
Suspension<Begin> suspend(Begin begin) {
  return Suspension<Begin>(std::move(begin));
}

// `Loop& here = co_await this_loop;`: the loop that the task runs on.
class ThisLoop {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> task) noexcept {
    loop_ = task.promise().loop;
    return false;
  }
  Loop& await_resume() const noexcept { return *loop_; }

 private:
  Loop* loop_ = nullptr;
};
inline ThisLoop this_loop() {
  return {};
}

}  // namespace hubward
