// SPDX-License-Identifier: Apache-2.0
#include "async/frame_memory.hpp"

#include <array>
#include <new>
#include <utility>

namespace hubward {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HUBWARD_FRAMES_ARE_NOT_KEPT  // a frame that is used again would hide that somebody still uses it
#endif
#endif
#ifdef HUBWARD_FRAMES_ARE_NOT_KEPT
constexpr bool keeps_frames = false;
#else
constexpr bool keeps_frames = true;
#endif

constexpr std::size_t grain = 64;
constexpr std::size_t sizes = 32;        // up to 2 KiB; larger frames are rare
constexpr unsigned kept_of_a_size = 64;  // some hundred KiB in all

struct FreeFrame {
  FreeFrame* next;
};

// Without a destructor, since a thread's last tasks may end after everything else of it.
struct Shelf {
  FreeFrame* first;
  unsigned count;
};
constinit thread_local std::array<Shelf, sizes> shelves{};

// Gives a thread's frames back when it ends; what ends later goes to the heap.
struct Clearing {
  ~Clearing() {
    for (Shelf& shelf : shelves) {
      while (shelf.first != nullptr) ::operator delete(std::exchange(shelf.first, shelf.first->next));
      shelf.count = kept_of_a_size;  // full
    }
  }
};

std::size_t rounded(std::size_t size) {
  return (size + grain - 1) / grain * grain;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  std::size_t index = (size - 1) / grain;
  if (index >= sizes || shelves[index].first == nullptr) return ::operator new(rounded(size));
  Shelf& shelf = shelves[index];
  --shelf.count;
  return std::exchange(shelf.first, shelf.first->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  std::size_t index = (size - 1) / grain;
  bool kept = keeps_frames && index < sizes && shelves[index].count < kept_of_a_size;
  if (!kept) return ::operator delete(frame);
  thread_local Clearing clearing;
  static_cast<void>(clearing);
  Shelf& shelf = shelves[index];
  shelf.first = new (frame) FreeFrame{shelf.first};
  ++shelf.count;
}

}  // namespace hubward
