// SPDX-License-Identifier: Apache-2.0
// Memory for the frames of tasks, and for what lives about as long. A call makes many of them, always of the
// same sizes, and they end on the thread that made them: each thread keeps some of every size for the next.
// Any thread.
#pragma once

#include <cstddef>

namespace hubward {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

// For std::allocate_shared.
template <class T>
struct FrameAllocator {
  using value_type = T;
  FrameAllocator() = default;
  template <class Other>
  explicit FrameAllocator(const FrameAllocator<Other>& /*of*/) {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_frame(memory, count * sizeof(T)); }
  bool operator==(const FrameAllocator&) const = default;
};

}  // namespace hubward
