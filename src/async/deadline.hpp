// SPDX-License-Identifier: Apache-2.0
// A deadline is absolute and handed down, so that five callees cannot each take the whole time. A value.
#pragma once

#include <chrono>

namespace hubward {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(std::chrono::nanoseconds wait) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait);
}

}  // namespace hubward
