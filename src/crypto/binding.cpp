// SPDX-License-Identifier: Apache-2.0
#include "crypto/binding.hpp"

#include <cstdint>
#include <limits>

#include "core/invariant.hpp"

namespace hubward::crypto {

Bytes binding(std::initializer_list<std::string_view> fields) {
  std::size_t size = 0;
  for (std::string_view field : fields) size += 4 + field.size();
  Bytes bytes;
  bytes.reserve(size);
  for (std::string_view field : fields) {
    invariant(field.size() <= std::numeric_limits<std::uint32_t>::max(), "a field's length fits");
    auto length = static_cast<std::uint32_t>(field.size());
    for (int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::byte>(length >> shift & 255));
    bytes.insert(bytes.end(), bytes_of(field).begin(), bytes_of(field).end());
  }
  return bytes;
}

}  // namespace hubward::crypto
