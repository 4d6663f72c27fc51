// SPDX-License-Identifier: Apache-2.0
// A non-blocking socket that waits on a loop until it may be read or written. Owns the descriptor. One task
// waits at a time. Readiness is edge-triggered: after bytes were fewer than asked for, or an attempt would
// have blocked, waiting misses nothing. A wait may end early; whoever waits tries again. A connecting socket
// is given to a Descriptor after connect(). A resource of one loop; for http/ only.
#pragma once

#include <memory>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"

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
  Async<Wait> readable(Deadline deadline);
  Async<Wait> writable(Deadline deadline);
  // Ends the wait that is on, if any, and every later one with Cancelled.
  void cancel();

 private:
  class Readiness;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hubward::http
