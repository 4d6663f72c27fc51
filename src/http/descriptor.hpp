// SPDX-License-Identifier: Apache-2.0
// A non-blocking socket that waits on a loop until it may be read or written. Owns the descriptor. One task
// waits at a time. Readiness is edge-triggered: after bytes were fewer than asked for, or an attempt would
// have blocked, waiting misses nothing. A wait may end early; whoever waits tries again. A connecting socket
// is given to a Descriptor after connect(). A resource of one loop; for http/ only.
#pragma once

#include <coroutine>
#include <memory>

#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "async/suspend.hpp"

namespace hubward::http {

class Descriptor {
 public:
  enum class Wait { Ready, TimedOut, Cancelled };

  Descriptor(Loop& loop, int fd);
  ~Descriptor();  // closes
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const;
  int release();  // gives the open socket up to the caller; no wait is on
  enum class Direction { Read, Write, Either };
  class Waiting;
  // `Wait waited = co_await socket.ready(…)`
  Waiting ready(Direction direction, Deadline deadline);
  // Whether nothing has come, and the peer has not closed, since somebody last waited to read: as far as the
  // loop has been told.
  bool is_quiet() const;
  // Whether the other end has said that it sends no more, or is gone.
  bool ended() const;
  // Ends the wait that is on, if any, and every later one with Cancelled.
  void cancel();

 private:
  class Readiness;
  struct State;
  std::shared_ptr<State> state_;
};

// A wait of one task; no task of its own, since a call waits for sockets all the time.
class Descriptor::Waiting {
 public:
  bool await_ready() { return is_over(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> task) {
    begin(Suspended(task, *task.promise().loop));
  }
  Wait await_resume() { return outcome(); }

 private:
  friend class Descriptor;
  Waiting(std::shared_ptr<State> state, Direction direction, Deadline deadline);
  bool is_over();
  void begin(Suspended task);
  Wait outcome();

  std::shared_ptr<State> state_;  // the Descriptor may go while the task waits
  Direction direction_;
  Deadline deadline_;
  bool waited_ = false;
};

}  // namespace hubward::http
