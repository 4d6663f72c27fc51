// SPDX-License-Identifier: Apache-2.0
// The bridge from a thread of one's own into a task. For rooms that keep such a thread (a database's writer);
// whoever just has work that waits uses a BlockingPool.
#pragma once

#include <functional>

#include "async/async.hpp"

namespace hubward {

// Suspends the current task and gives `start` the function that resumes it, on the task's own loop. That
// function may be called from any thread, at once or later, and is called exactly once; until then the loop
// does not count as idle and must live.
Async<void> until_resumed(std::move_only_function<void(std::move_only_function<void()> resume)> start);

}  // namespace hubward
