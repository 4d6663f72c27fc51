// SPDX-License-Identifier: Apache-2.0
#include "bench/watched_time.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>

namespace hubward::bench {

Result<std::chrono::nanoseconds> run_time(std::span<const int> processes) {
  std::chrono::nanoseconds total{0};
  for (int process : processes) {
    std::error_code trouble;
    std::filesystem::directory_iterator tasks(fmt::format("/proc/{}/task", process), trouble);
    if (trouble)
      return failure("WATCH", Fault::Us, Retry::Never,
                     fmt::format("there is no process {} to watch", process));
    for (const auto& task : tasks) {
      std::ifstream file(task.path() / "schedstat");
      std::int64_t ran = 0;
      if (file >> ran) total += std::chrono::nanoseconds(ran);
    }
  }
  return total;
}

}  // namespace hubward::bench
