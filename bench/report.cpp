// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <fmt/core.h>

#include "core/json.hpp"

namespace hubward::bench {
namespace {

Json decimal(double number) {
  return Json::number(fmt::format("{:.2f}", number));
}

double us(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

}  // namespace

std::string Report::json() const {
  double seconds = time.count(), all = static_cast<double>(answered);
  return Json::object({{"valid", valid()},
                       {"seconds", decimal(seconds)},
                       {"answered", answered},
                       {"rps", decimal(seconds > 0 ? all / seconds : 0)},
                       {"cpu_us", decimal(answered > 0 ? us(watched) / all : 0)},
                       {"p50_us", decimal(us(latencies.percentile(0.5)))},
                       {"p99_us", decimal(us(latencies.percentile(0.99)))},
                       {"p999_us", decimal(us(latencies.percentile(0.999)))},
                       {"longest_us", decimal(us(latencies.longest()))},
                       {"body_bytes", bytes},
                       {"bad_status", bad_status},
                       {"errors", errors},
                       {"unfinished", unfinished},
                       {"cut", cut},
                       {"handshakes", handshakes},
                       {"resumed", resumed},
                       {"reopened", reopened},
                       {"held", held},
                       {"first_error", first_error}})
      .dump();
}

}  // namespace hubward::bench
