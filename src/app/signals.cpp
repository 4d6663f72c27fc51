// SPDX-License-Identifier: Apache-2.0
#include "app/signals.hpp"

#include <pthread.h>

#include <utility>

namespace hubward::app {
namespace {

// How long the thread may outlive its end.
constexpr timespec look_up_every{.tv_sec = 0, .tv_nsec = 100'000'000};

}  // namespace

Signals::Signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&listened_);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&listened_, number);
  pthread_sigmask(SIG_BLOCK, &listened_, nullptr);
}

void Signals::start(Loop& loop, std::function<void(Told)> tell) {
  thread_ = std::jthread([listened = listened_, &loop, tell = std::move(tell)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      int number = sigtimedwait(&listened, nullptr, &look_up_every);
      if (number < 0) continue;
      Told told = number == SIGHUP ? Told::Reload : Told::Stop;
      loop.post([tell, told] { tell(told); });
    }
  });
}

void Signals::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace hubward::app
