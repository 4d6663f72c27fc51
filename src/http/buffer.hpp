// SPDX-License-Identifier: Apache-2.0
// Memory for messages on their way. A busy connection takes and gives back buffers with every message; those
// of the usual size are kept by each thread for the next one, since the heap takes long for blocks of that
// size. Contents are not initialised; whoever writes secrets wipes them before the buffer goes. Any thread.
#pragma once

#include <cstddef>
#include <memory>

namespace hubward::http {

// A TLS record fits in whole.
constexpr std::size_t usual_buffer = 16 * 1024;

struct GiveBuffer {
  std::size_t size = 0;
  void operator()(char* bytes) const noexcept;
};
using Buffer = std::unique_ptr<char[], GiveBuffer>;

Buffer take_buffer(std::size_t size);
inline std::size_t capacity_of(const Buffer& buffer) {
  return buffer ? buffer.get_deleter().size : 0;
}

}  // namespace hubward::http
