// SPDX-License-Identifier: Apache-2.0
// Takes a fuzzer's bytes apart into the values that a target wants. When they run out, what is asked for is
// zero or empty. A view.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubward {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  // Of `size` bytes, the most significant first.
  std::uint64_t number(std::size_t size = 8) {
    std::uint64_t value = 0;
    for (char c : take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t size) {
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // A byte says how long it is.
  std::string_view text() { return take(byte()); }
  // Up to a zero byte: easier to write by hand than text().
  std::string_view line() {
    std::string_view taken = take(std::min(rest_.find('\0'), rest_.size()));
    take(1);
    return taken;
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

}  // namespace hubward
