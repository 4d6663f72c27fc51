// SPDX-License-Identifier: Apache-2.0
// How the kernel shares a core between the loop, which callers wait for, and the threads that write to the
// disk, which nobody waits for as long.
#pragma once

#include <chrono>

namespace hubward::app {

// Asks for short turns for the calling thread: when it has something to do it then goes before a thread with
// long turns, instead of waiting for the end of that one's turn (sched_setattr(2); Linux 6.12 and later,
// others take no notice). Its share of the core stays the same. Whether the kernel took it.
bool prefer_short_turns(std::chrono::nanoseconds turn = std::chrono::microseconds(100));

}  // namespace hubward::app
