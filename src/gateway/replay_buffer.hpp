// SPDX-License-Identifier: Apache-2.0
// Lets a request body be sent a second time, when HubSpot called the token expired, as long as what was read
// of it is small. The first reader streams from the source while its bytes are kept; a further one begins
// again with what was kept and goes on with the source. Beyond `limit` nothing is kept any more and there is
// no second reader. One loop.
#pragma once

#include <cstddef>
#include <memory>

#include "http/message.hpp"

namespace hubward::gateway {

class ReplayBuffer {
 public:
  // `source` may be null: then every reader is null too.
  ReplayBuffer(std::unique_ptr<http::Body> source, std::size_t limit);

  // False once more than `limit` was read, or the source failed.
  bool can_replay() const;
  // A body from the first byte. Only one is read at a time; asking for a new one ends the one before.
  std::unique_ptr<http::Body> reader() const;
  std::uint64_t bytes_read() const;

 private:
  class Reader;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hubward::gateway
