// SPDX-License-Identifier: Apache-2.0
// How long processes have run on a CPU, all their threads, as the scheduler counts it
// (/proc/PID/task/*/schedstat). A thread that has ended meanwhile is not in it. Pure but for reading /proc.
#pragma once

#include <chrono>
#include <span>

#include "core/result.hpp"

namespace hubward::bench {

Result<std::chrono::nanoseconds> run_time(std::span<const int> processes);

}  // namespace hubward::bench
