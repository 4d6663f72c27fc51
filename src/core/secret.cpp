// SPDX-License-Identifier: Apache-2.0
#include "core/secret.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

#include "core/invariant.hpp"
#include "core/locked_memory.hpp"

namespace hubward {

Secret::Secret(std::string_view bytes) : Secret(std::as_bytes(std::span(bytes))) {}

Secret::Secret(std::span<const std::byte> bytes) : Secret(of_size(bytes.size())) {
  std::ranges::copy(bytes, bytes_);
}

Secret Secret::of_size(std::size_t size) {
  Secret secret;
  if (size == 0) return secret;
  secret.bytes_ = locked_allocate(size).data();
  secret.size_ = size;
  wipe(secret.writable());
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_ != nullptr) locked_free({bytes_, size_});
}

bool Secret::same_as(const Secret& other) const noexcept {
  if (size_ != other.size_) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    difference |= std::to_integer<unsigned>(bytes_[i] ^ other.bytes_[i]);
    __asm__ volatile("" : "+r"(difference));  // keeps the compiler from leaving the loop early
  }
  return difference == 0;
}

void Secret::shrink(std::size_t size) noexcept {
  invariant(size <= size_, "a secret only shrinks");
  if (size == size_) return;
  Secret smaller(reveal().first(size));
  *this = std::move(smaller);
}

void wipe(std::span<std::byte> bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}
void wipe(std::span<char> text) noexcept {
  if (!text.empty()) ::explicit_bzero(text.data(), text.size());
}

}  // namespace hubward
