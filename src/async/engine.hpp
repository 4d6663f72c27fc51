// SPDX-License-Identifier: Apache-2.0
// What a Loop is made of. For sources of async/ and http/ only; heavy.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <coroutine>
#include <list>

#include "async/loop.hpp"

namespace hubward {

struct Loop::Engine {
  // One thread runs it; others may post to it.
  boost::asio::io_context context{1};
  // The context also calls itself stopped when it ran out of work, and that may happen on another thread,
  // just after run_task() has returned: only this tells whether stop() was meant.
  std::atomic<bool> stop_asked = false;
  std::list<std::coroutine_handle<>> spawned;  // tasks that nobody awaits and that have not ended
};

}  // namespace hubward
