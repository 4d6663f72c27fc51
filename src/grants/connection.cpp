// SPDX-License-Identifier: Apache-2.0
#include "grants/connection.hpp"

#include <algorithm>

#include "core/ascii.hpp"

namespace hubward::grants {

std::string_view to_text(ConnectionState state) {
  switch (state) {
    case ConnectionState::Connected: return "connected";
    case ConnectionState::Failing: return "failing";
    case ConnectionState::Dead: return "dead";
    case ConnectionState::Expiring: return "expiring";
    case ConnectionState::Refreshing: return "refreshing";
    case ConnectionState::Disconnected: return "disconnected";
  }
  return "";
}

std::string_view to_text(GrantKind kind) {
  return kind == GrantKind::Oauth ? "oauth" : "static";
}

bool is_connection_name(std::string_view text) {
  auto plain = [](char c) { return is_alpha(c) || is_digit(c); };
  return !text.empty() && text.size() <= 64 && plain(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace hubward::grants
