// SPDX-License-Identifier: Apache-2.0
// How long a peer is waited for while a body goes over a connection. It may lag by `idle`; what it moves
// earns time back at the slowest rate that is accepted, up to `idle` again. So a peer that stops is given up
// after `idle`, and one that trickles soon after that, however cleverly it times its bytes. Only time that is
// spent waiting for this peer counts: a fast reader is not punished for a slow writer. A value of one body.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "async/deadline.hpp"

namespace hubward::http {

class Patience {
 public:
  // `bytes_per_second` is at least 1.
  Patience(std::chrono::milliseconds idle, std::uint64_t bytes_per_second)
      : idle_(idle), left_(idle), bytes_per_second_(bytes_per_second) {}

  // A wait begins; until when it may last.
  Deadline begin(Deadline now = std::chrono::steady_clock::now()) {
    began_ = now;
    return now + left_;
  }
  // It ended, and so many bytes went over.
  void moved(std::uint64_t bytes, Deadline now = std::chrono::steady_clock::now()) {
    settle(bytes, now - began_);
  }
  // So many bytes that nobody waited for: they had come with others.
  void earn(std::uint64_t bytes) { settle(bytes, {}); }

 private:
  void settle(std::uint64_t bytes, Deadline::duration waited) {
    using Seconds = std::chrono::duration<double>;
    Seconds earned(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    Seconds left = Seconds(left_) - Seconds(waited) + earned;
    left_ = std::chrono::duration_cast<Deadline::duration>(std::min(left, Seconds(idle_)));
  }

  const Deadline::duration idle_;
  Deadline::duration left_;
  Deadline began_{};
  const std::uint64_t bytes_per_second_;
};

}  // namespace hubward::http
