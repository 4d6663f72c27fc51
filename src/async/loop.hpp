// SPDX-License-Identifier: Apache-2.0
// One event loop on one thread. Coroutines, timers and sockets belong to the loop that they were made on and
// are touched by no other thread; `post` is the only way in from outside.
#pragma once

#include <functional>
#include <memory>

#include "async/async.hpp"
#include "async/deadline.hpp"

namespace hubward {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(); or, for run_until_idle, until nothing is left to wait for.
  void run();
  void run_until_idle();
  void stop();  // from any thread

  // Runs `work` on the loop's thread, soon. From any thread.
  void post(std::move_only_function<void()> work);
  // Starts a task that nobody awaits. An exception out of it is a bug and aborts. On the loop's thread, or
  // before run().
  void spawn(Async<void> task);
  // Runs the loop until `task` is done, for tests and for commands that have no gateway.
  void run_task(Async<void> task);

  // The event loop itself, for async/ and http/ only.
  struct Engine;
  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
};

// Suspends the current task. It resumes on its own loop.
Async<void> sleep_until(Deadline deadline);
// Lets everything else that is ready run first.
Async<void> yield();

// Wakes tasks that wait. One loop.
class Signal {
 public:
  explicit Signal(Loop& loop);
  ~Signal();
  // Until the next notify(), or the deadline: true when it was notified.
  Async<bool> wait(Deadline deadline = Deadline::max());
  void notify();
  void notify_one();  // only the one that has waited longest

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hubward
