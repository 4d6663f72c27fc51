// SPDX-License-Identifier: Apache-2.0
// Bytes that must not outlive their use. A Secret lives in locked memory (core/locked_memory.hpp: never
// swapped, never in a core file), is wiped when it dies, is never copied by accident, never printed, and
// compared only in constant time. Looking at the bytes is visible: `grep 'reveal()'` is the audit. A resource
// that moves; not shared by threads.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace hubward {

class Secret {
 public:
  Secret() = default;
  // Copies the bytes into locked memory. The caller wipes its own copy (wipe()).
  explicit Secret(std::string_view bytes);
  explicit Secret(std::span<const std::byte> bytes);
  // `size` zero bytes, to be filled through writable().
  static Secret of_size(std::size_t size);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret clone() const { return Secret(reveal()); }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  // Constant time in the bytes; the lengths are not secret.
  bool same_as(const Secret& other) const noexcept;

  // The bytes, for the one use that needs them. Valid while this Secret lives and is not moved from.
  std::span<const std::byte> reveal() const noexcept { return {bytes_, size_}; }
  std::string_view reveal_text() const noexcept { return {reinterpret_cast<const char*>(bytes_), size_}; }
  std::span<std::byte> writable() noexcept { return {bytes_, size_}; }
  // Drops bytes from the end, wiping them.
  void shrink(std::size_t size) noexcept;

 private:
  std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites bytes so that the compiler may not leave it out.
void wipe(std::span<std::byte> bytes) noexcept;
void wipe(std::span<char> text) noexcept;

}  // namespace hubward
