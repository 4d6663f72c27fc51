// SPDX-License-Identifier: Apache-2.0
#include "core/locked_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "core/invariant.hpp"
#include "core/secret.hpp"

namespace hubward {
namespace {

constexpr std::size_t chunk_size = 256 * 1024;
constexpr std::size_t grain = 32;

// Book-keeping lives outside the locked pages, so that those hold secrets and nothing else.
class LockedArena {
 public:
  // Errno of the failed call, or 0.
  int grow() {
    if (chunks_.size() * chunk_size >= locked_memory_limit) return ENOMEM;
    void* pages = ::mmap(nullptr, chunk_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return errno;
    if (::mlock(pages, chunk_size) != 0 || ::madvise(pages, chunk_size, MADV_DONTDUMP) != 0 ||
        ::madvise(pages, chunk_size, MADV_WIPEONFORK) != 0) {
      int reason = errno;
      ::munmap(pages, chunk_size);
      return reason;
    }
    chunks_.push_back({static_cast<std::byte*>(pages), std::vector<std::uint16_t>(chunk_size / grain)});
    free_.emplace(static_cast<std::byte*>(pages), chunk_size);
    return 0;
  }

  std::byte* take(std::size_t size) {
    std::byte* start = take_from_shelf(size);
    if (start == nullptr) start = take_from_map(size);
    if (start == nullptr && clear_shelves()) start = take_from_map(size);
    if (start == nullptr) return nullptr;
    grains_lent_at(start) = static_cast<std::uint16_t>(size / grain);
    in_use_ += size;
    return start;
  }

  void give_back(std::byte* start, std::size_t size) {
    std::uint16_t& lent = grains_lent_at(start);
    invariant(lent == size / grain, "a locked block is freed once, and whole");
    lent = 0;
    in_use_ -= size;
    if (Shelf* shelf = shelf_of(size); shelf != nullptr && shelf->used < shelf->blocks.size())
      shelf->blocks[shelf->used++] = start;
    else
      return_to_map(start, size);
  }

  // Whether the rest of the limit could be locked, too; gives it back. Errno, or 0.
  int try_rest() const {
    std::size_t rest = locked_memory_limit - chunks_.size() * chunk_size;
    void* pages = ::mmap(nullptr, rest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return errno;
    int reason = ::mlock(pages, rest) == 0 ? 0 : errno;
    ::munmap(pages, rest);
    return reason;
  }

  bool empty() const { return chunks_.empty(); }
  std::size_t in_use() const { return in_use_; }

 private:
  // Blocks of one size that were used lately: keys and tokens come and go with every call.
  struct Shelf {
    std::array<std::byte*, 16> blocks{};
    std::size_t used = 0;
  };

  struct Chunk {
    std::byte* start;
    std::vector<std::uint16_t>
        lent;  // by the grain at which a block that is in use begins: its size in grains
  };

  std::uint16_t& grains_lent_at(std::byte* block) {
    auto holds = [block](const Chunk& one) {
      return !std::less<>()(block, one.start) && std::less<>()(block, one.start + chunk_size);
    };
    auto chunk = std::ranges::find_if(chunks_, holds);
    invariant(chunk != chunks_.end(), "a locked block is of locked memory");
    return chunk->lent[static_cast<std::size_t>(block - chunk->start) / grain];
  }

  Shelf* shelf_of(std::size_t size) {
    std::size_t index = size / grain - 1;
    return index < shelves_.size() ? &shelves_[index] : nullptr;
  }

  // So that neighbours can merge; whether there was anything.
  bool clear_shelves() {
    bool cleared = false;
    for (std::size_t i = 0; i < shelves_.size(); ++i) {
      for (; shelves_[i].used > 0; cleared = true)
        return_to_map(shelves_[i].blocks[--shelves_[i].used], (i + 1) * grain);
    }
    return cleared;
  }

  std::byte* take_from_shelf(std::size_t size) {
    Shelf* shelf = shelf_of(size);
    return shelf != nullptr && shelf->used > 0 ? shelf->blocks[--shelf->used] : nullptr;
  }

  std::byte* take_from_map(std::size_t size) {
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      auto [start, length] = *it;
      if (length < size) continue;
      free_.erase(it);
      if (length > size) free_.emplace(start + size, length - size);
      return start;
    }
    return nullptr;
  }

  void return_to_map(std::byte* start, std::size_t size) {
    auto it = free_.emplace(start, size).first;
    auto next = std::next(it);
    if (next != free_.end() && it->first + it->second == next->first) {
      it->second += next->second;
      free_.erase(next);
    }
    if (it != free_.begin()) {
      auto before = std::prev(it);
      if (before->first + before->second == it->first) {
        before->second += it->second;
        free_.erase(it);
      }
    }
  }

  std::map<std::byte*, std::size_t> free_;  // start → length; neighbours are merged
  std::array<Shelf, 32> shelves_;           // of one grain, of two, and so on
  std::vector<Chunk> chunks_;               // a handful
  std::size_t in_use_ = 0;
};

std::mutex arena_mutex;

// Never destroyed: secrets with static lifetime may outlive any other static.
LockedArena& arena() {
  static LockedArena& instance = *new LockedArena;
  return instance;
}

std::size_t rounded(std::size_t size) {
  return (std::max<std::size_t>(size, 1) + grain - 1) / grain * grain;
}

}  // namespace

Result<void> lock_memory() {
  std::scoped_lock lock(arena_mutex);
  if (!arena().empty()) return {};
  int reason = arena().grow();
  if (reason == 0) reason = arena().try_rest();
  if (reason != 0) {
    return failure(
        "MEMORY_NOT_LOCKED", Fault::Us, Retry::Never,
        std::string("memory for secrets cannot be locked (") + std::strerror(reason) +
            "): raise the limit (ulimit -l, or LimitMEMLOCK= in the systemd unit) to at least 4 MiB");
  }
  return {};
}

std::span<std::byte> locked_allocate(std::size_t size) {
  std::scoped_lock lock(arena_mutex);
  std::size_t block = rounded(size);
  invariant(block <= chunk_size, "a secret fits into one chunk of locked memory");
  std::byte* start = arena().take(block);
  if (start == nullptr) {
    invariant(arena().grow() == 0, "there is locked memory for secrets (raise RLIMIT_MEMLOCK)");
    start = arena().take(block);
  }
  return {start, size};
}

void locked_free(std::span<std::byte> block) noexcept {
  if (block.data() == nullptr) return;
  wipe(block);
  std::scoped_lock lock(arena_mutex);
  arena().give_back(block.data(), rounded(block.size()));
}

bool locked_memory_is_short() noexcept {
  return locked_bytes_in_use() > locked_memory_limit - locked_memory_reserve;
}

std::size_t locked_bytes_in_use() noexcept {
  std::scoped_lock lock(arena_mutex);
  return arena().in_use();
}

}  // namespace hubward
