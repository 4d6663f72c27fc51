// SPDX-License-Identifier: Apache-2.0
// The signals that a running gateway listens to, taken off every thread and handed to the loop one by one by
// a thread of their own. Made before any other thread is, so that all of them inherit the mask.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

#include "async/loop.hpp"

namespace hubward::app {

enum class Told { Stop, Reload };

class Signals {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP and ignores SIGPIPE for the whole process.
  Signals();
  // `tell` runs on the loop.
  void start(Loop& loop, std::function<void(Told)> tell);
  void stop();  // before the loop goes

 private:
  sigset_t listened_{};
  std::jthread thread_;
};

}  // namespace hubward::app
