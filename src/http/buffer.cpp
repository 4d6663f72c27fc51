// SPDX-License-Identifier: Apache-2.0
#include "http/buffer.hpp"

#include <array>
#include <new>

namespace hubward::http {

namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr unsigned most_kept = 0;  // a buffer that is used again would hide that somebody still uses it
#else
constexpr unsigned most_kept = 16;  // a quarter of a MiB
#endif

// Without a destructor, since a thread's last connections may end after everything else of it.
struct Shelf {
  std::array<char*, 16> buffers;
  unsigned count;
  bool closed;
};
constinit thread_local Shelf shelf{};

struct Clearing {
  ~Clearing() {
    while (shelf.count > 0) ::operator delete(shelf.buffers[--shelf.count]);
    shelf.closed = true;
  }
};

}  // namespace

void GiveBuffer::operator()(char* bytes) const noexcept {
  bool kept = size == usual_buffer && shelf.count < most_kept && !shelf.closed;
  if (!kept) return ::operator delete(bytes);
  thread_local Clearing clearing;
  static_cast<void>(clearing);
  shelf.buffers[shelf.count++] = bytes;
}

Buffer take_buffer(std::size_t size) {
  bool on_shelf = size == usual_buffer && shelf.count > 0;
  void* bytes = on_shelf ? shelf.buffers[--shelf.count] : ::operator new(size);
  return Buffer(static_cast<char*>(bytes), GiveBuffer{size});
}

}  // namespace hubward::http
