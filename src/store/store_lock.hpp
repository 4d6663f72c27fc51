// SPDX-License-Identifier: Apache-2.0
// One gateway per store directory. The lock is flock(2) on `<directory>/lock`, which dies with the process
// that holds it; the file names that process for people. A resource that moves; released when it dies.
#pragma once

#include <string>

#include "core/result.hpp"

namespace hubward::store {

class StoreLock {
 public:
  // Creates the directory (0700) where there is none. Fails with STORE_IN_USE ("another gateway (pid N) uses
  // this store"), STORE_UNSAFE (the directory is open to others), STORE_UNAVAILABLE, or
  // STORE_RESTORE_UNFINISHED (a restore was interrupted and must be run again).
  static Result<StoreLock> take(const std::string& directory);

  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;
  ~StoreLock();

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}
  friend Result<StoreLock> take_for_restore(const std::string& directory);
  int descriptor_ = -1;
};

// For `store restore` only: also takes a store whose last restore was interrupted.
Result<StoreLock> take_for_restore(const std::string& directory);

}  // namespace hubward::store
