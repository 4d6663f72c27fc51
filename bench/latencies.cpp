// SPDX-License-Identifier: Apache-2.0
#include "bench/latencies.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hubward::bench {
namespace {

// Below 128 ns a bucket for each nanosecond; above, 64 buckets for each doubling.
constexpr unsigned bits = 6;
constexpr std::uint64_t per_doubling = 1U << bits;
constexpr std::size_t bucket_count = (64 - bits) * per_doubling + per_doubling;

std::size_t bucket_of(std::uint64_t value) {
  if (value < 2 * per_doubling) return value;
  unsigned shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
  return shift * per_doubling + (value >> shift);
}

std::uint64_t upper_end(std::size_t bucket) {
  if (bucket < 2 * per_doubling) return bucket;
  std::size_t shift = bucket / per_doubling - 1;
  std::uint64_t mantissa = bucket - shift * per_doubling;
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

Latencies::Latencies() : buckets_(bucket_count) {}

void Latencies::record(Duration duration) {
  Duration counted = std::max(duration, Duration(0));
  ++buckets_[bucket_of(static_cast<std::uint64_t>(counted.count()))];
  ++count_;
  longest_ = std::max(longest_, counted);
}

Latencies::Duration Latencies::percentile(double share) const {
  if (count_ == 0) return Duration(0);
  auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  wanted = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(longest_, Duration(static_cast<std::int64_t>(upper_end(bucket))));
  }
  return longest_;
}

}  // namespace hubward::bench
