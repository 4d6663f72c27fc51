// SPDX-License-Identifier: Apache-2.0
#include "grants/callback_query.hpp"

#include <charconv>

namespace hubward::grants {

std::optional<std::string_view> plain_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string_view> found;
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    if (found) return std::nullopt;
    found = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return found;
}

std::optional<Secret> secret_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string_view> written = plain_parameter(query, name);
  if (!written) return std::nullopt;
  Secret decoded = Secret::of_size(written->size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < written->size(); ++i) {
    unsigned byte = static_cast<unsigned char>((*written)[i]);
    if (byte == '%') {
      const char* digits = written->data() + i + 1;
      if (i + 2 >= written->size()) return std::nullopt;
      auto [end, trouble] = std::from_chars(digits, digits + 2, byte, 16);
      if (trouble != std::errc() || end != digits + 2) return std::nullopt;
      i += 2;
    }
    decoded.writable()[size++] = static_cast<std::byte>(byte);
  }
  decoded.shrink(size);
  return decoded;
}

}  // namespace hubward::grants
