// SPDX-License-Identifier: Apache-2.0
// Durations, counted in buckets that are at most 1/64 of their value wide: percentiles are right to about 1.6
// %, whatever the range, in fixed memory. A value; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace hubward::bench {

class Latencies {
 public:
  using Duration = std::chrono::nanoseconds;

  Latencies();
  void record(Duration duration);  // a negative one counts as zero
  std::uint64_t count() const { return count_; }
  Duration longest() const { return longest_; }
  // The smallest recorded duration, up to the width of its bucket, that `share` (0 to 1) of all do not
  // exceed; zero when there are none.
  Duration percentile(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Duration longest_{0};
};

}  // namespace hubward::bench
