// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own, gone afterwards. For tests only.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/invariant.hpp"

namespace hubward::keys {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hubward-test-XXXXXX").string();
    invariant(::mkdtemp(name.data()) != nullptr, "a test can make a folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  // A file of exactly this mode, whatever the umask; answers its path.
  std::string write(const std::string& name, std::string_view content, mode_t mode) {
    std::string path = path_ + "/" + name;
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << content;
    invariant(::chmod(path.c_str(), mode) == 0, "a test can change its file");
    return path;
  }

 private:
  std::string path_;
};

}  // namespace hubward::keys
