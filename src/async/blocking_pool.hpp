// SPDX-License-Identifier: Apache-2.0
// A few threads for work that waits: disks, name look-ups, slow ciphers. The queue is bounded.
#pragma once

#include <functional>
#include <memory>

#include "async/async.hpp"

namespace hubward {

class BlockingPool {
 public:
  // At most this much work waits; more is refused as Overloaded by run().
  static constexpr std::size_t default_queue_limit = 4096;

  explicit BlockingPool(std::size_t threads, std::size_t queue_limit = default_queue_limit);
  ~BlockingPool();  // finishes what was accepted
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `work` on a thread of the pool and resumes the calling task on its own loop.
  // Fails with code OVERLOADED when the queue is full, without running it.
  Async<Result<void>> run(std::move_only_function<void()> work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubward
