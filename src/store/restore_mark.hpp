// SPDX-License-Identifier: Apache-2.0
// The file that says that a restore has begun and not ended. For sources of store/ only.
#pragma once

#include <filesystem>
#include <string>

namespace hubward::store {

inline std::string restore_mark(const std::string& directory) {
  return directory + "/restore-unfinished";
}

inline bool restore_is_unfinished(const std::string& directory) {
  std::error_code trouble;
  return std::filesystem::exists(restore_mark(directory), trouble);
}

}  // namespace hubward::store
