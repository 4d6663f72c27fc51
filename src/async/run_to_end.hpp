// SPDX-License-Identifier: Apache-2.0
// A task from where there are none: tests, above all. The loop must not be running.
#pragma once

#include <optional>
#include <utility>

#include "async/await.hpp"
#include "async/loop.hpp"

namespace hubward {

// Puts what the task comes to into `answer`; to be spawned, or run.
template <class T>
Async<void> keep_answer(Async<T> task, std::optional<T>& answer) {
  T got = co_await std::move(task);
  answer.emplace(std::move(got));
}

// Runs the loop until the task is done.
template <class T>
T run_to_end(Loop& loop, Async<T> task) {
  std::optional<T> answer;
  loop.run_task(keep_answer(std::move(task), answer));
  return std::move(*answer);
}

}  // namespace hubward
