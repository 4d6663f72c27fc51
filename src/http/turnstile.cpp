// SPDX-License-Identifier: Apache-2.0
#include "http/turnstile.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"

namespace hubward::http {

// Part of the frame of a task that waits; it may be dropped any time.
struct Turnstile::Waiting {
  explicit Waiting(std::shared_ptr<State> at) : state(std::move(at)) { state->waiting.push_back(this); }
  ~Waiting() { std::erase(state->waiting, this); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  std::shared_ptr<State> state;
  Suspended task;
};

// What is posted runs after everything that is ready now, and after another look at the sockets.
void Turnstile::let_next(const std::shared_ptr<State>& state) {
  state->loop.post([state] {
    if (state->waiting.empty()) {
      state->taken = false;
      return;
    }
    Waiting* first = state->waiting.front();
    state->waiting.pop_front();
    let_next(state);
    first->task.resume();
  });
}

Async<void> Turnstile::pass() {
  std::shared_ptr<State> state = state_;
  if (!std::exchange(state->taken, true)) {
    let_next(state);
    co_return;
  }
  Waiting waiting(state);
  co_await suspend([&waiting](Suspended task) { waiting.task = task; });
}

}  // namespace hubward::http
