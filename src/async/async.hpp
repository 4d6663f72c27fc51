// SPDX-License-Identifier: Apache-2.0
// Async<T>: a coroutine that runs on one event loop and reads from top to bottom.
//
// An Async starts when it is awaited or spawned (async/loop.hpp), and belongs to whoever holds it: dropping
// it before that does nothing. Awaiting hands control over directly, without a turn of the loop; what is
// awaited runs on the loop of who awaits it. An exception is handed on to whoever awaits.
//
// Rules (docs/traps.md): parameters into coroutines by value, or references to what provably outlives the
// call; name it, then await it; nothing borrowed and nothing locked across a suspension.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "async/frame_memory.hpp"
#include "core/result.hpp"

namespace hubward {

class Loop;

// What every task's frame begins with. For async/ only.
class TaskPromise {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  // The end of a task goes straight on to whoever awaits it.
  struct Ended {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      return ended.promise().awaited_by;
    }
    void await_resume() const noexcept {}
  };
  Ended final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { thrown = std::current_exception(); }
  void rethrow() const {
    if (thrown) std::rethrow_exception(thrown);
  }

  Loop* loop = nullptr;  // set before the task starts
  std::coroutine_handle<> awaited_by;
  std::exception_ptr thrown;
};

template <class T>
class TaskPromiseOf : public TaskPromise {
 public:
  template <class Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromiseOf<void> : public TaskPromise {
 public:
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

template <class T>
class [[nodiscard]] Async {
 public:
  struct promise_type final : TaskPromiseOf<T> {
    Async get_return_object() noexcept {
      return Async(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  // What has its answer already is no task: it costs no frame, and awaiting it does not suspend.
  using Answer = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  static Async already(Answer answer) {
    Async async(nullptr);
    async.answer_.emplace(std::move(answer));
    return async;
  }

  Async(Async&& other) noexcept
      : task_(std::exchange(other.task_, nullptr)), answer_(std::move(other.answer_)) {}
  Async& operator=(Async&& other) noexcept {
    std::swap(task_, other.task_);
    std::swap(answer_, other.answer_);
    return *this;
  }
  ~Async() {
    if (task_) task_.destroy();
  }

  struct Awaiter {
    Async& awaited;

    bool await_ready() const noexcept { return awaited.answer_.has_value(); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> by) const noexcept {
      awaited.task_.promise().loop = by.promise().loop;
      awaited.task_.promise().awaited_by = by;
      return awaited.task_;
    }
    T await_resume() const {
      if (!awaited.answer_) return awaited.task_.promise().take();
      if constexpr (!std::is_void_v<T>) return std::move(*awaited.answer_);
    }
  };
  Awaiter operator co_await() && noexcept { return Awaiter{*this}; }

 private:
  explicit Async(std::coroutine_handle<promise_type> task) noexcept : task_(task) {}

  std::coroutine_handle<promise_type> task_;
  std::optional<Answer> answer_;
};

}  // namespace hubward
