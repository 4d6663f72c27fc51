// SPDX-License-Identifier: Apache-2.0
// For what only a bug can break. Never for input, the network or the disk: nobody outside may choose when we
// die.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace hubward {

inline void invariant(bool holds, std::string_view belief,
                      std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken invariant: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(belief.size()), belief.data());
  std::abort();
}

}  // namespace hubward
