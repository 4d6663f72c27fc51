// SPDX-License-Identifier: Apache-2.0
#include "app/build_facts.hpp"

#include <fmt/format.h>

#include "app/graph.hpp"
#include "crypto/library.hpp"
#include "store/library.hpp"

// HUBWARD_COMMIT ("" when not built from a checkout), HUBWARD_BUILD and HUBWARD_VERSION come from
// src/programs.cmake.

namespace hubward::app {

static_assert(version == HUBWARD_VERSION, "the version in CMakeLists.txt is the one that the program names");

std::string build_facts() {
  constexpr std::string_view commit = HUBWARD_COMMIT;
  return fmt::format("hubward {}{}{}{}\n{}, SQLite {}\nclang {}.{}.{}, libstdc++ {}, {} build", version,
                     commit.empty() ? "" : " (", commit, commit.empty() ? "" : ")", crypto::library_version(),
                     store::library_version(), __clang_major__, __clang_minor__, __clang_patchlevel__,
                     __GLIBCXX__, HUBWARD_BUILD);
}

}  // namespace hubward::app
