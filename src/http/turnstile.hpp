// SPDX-License-Identifier: Apache-2.0
// Lets tasks through one at a time, and between two of them everything else that is ready: for steps that
// take a while, which the sender of one more request should not have to wait out. One loop.
#pragma once

#include <deque>
#include <memory>

#include "async/async.hpp"
#include "async/suspend.hpp"

namespace hubward::http {

class Turnstile {
 public:
  explicit Turnstile(Loop& loop) : state_(std::make_shared<State>(loop)) {}

  // At once when nobody went through since the loop last looked for what is ready.
  Async<void> pass();

 private:
  struct Waiting;
  struct State {
    explicit State(Loop& on) : loop(on) {}
    Loop& loop;
    bool taken = false;
    std::deque<Waiting*> waiting;  // as many as connections that shake hands
  };
  static void let_next(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace hubward::http
