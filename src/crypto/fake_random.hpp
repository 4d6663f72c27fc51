// SPDX-License-Identifier: Apache-2.0
// A stream that is the same for the same seed, so that a test or a simulated day can be replayed. Not secret,
// not for production: only tests and the simulation include this. Any thread; replayable when called from
// one.
#pragma once

#include <atomic>
#include <cstdint>

#include "crypto/random.hpp"

namespace hubward::crypto {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::byte> into) override {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (i % 8 == 0) word = next();
      into[i] = static_cast<std::byte>(word & 0xff);
      word >>= 8;
    }
  }

 private:
  // SplitMix64 (Steele, Lea, Flood 2014): every state is reached once, neighbours look unrelated.
  std::uint64_t next() {
    std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15) + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::atomic<std::uint64_t> state_;
};

}  // namespace hubward::crypto
