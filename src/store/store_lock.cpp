// SPDX-License-Identifier: Apache-2.0
#include "store/store_lock.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "core/ascii.hpp"
#include "store/files.hpp"
#include "store/restore_mark.hpp"

namespace hubward::store {

namespace {

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  line = line.substr(0, line.find('\n'));
  return to_number(line) ? std::string(line) : "unknown";
}

}  // namespace

StoreLock::StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

StoreLock::~StoreLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<StoreLock> take_for_restore(const std::string& directory) {
  Result<void> ready = require_private_directory(directory, IfMissing::Create);
  if (!ready) return std::unexpected(ready.error());
  std::string path = directory + "/lock";
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_trouble(path, "cannot be opened", errno);
  StoreLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_trouble(path, "cannot be locked", errno);
    return failure(
        "STORE_IN_USE", Fault::Caller, Retry::Later,
        fmt::format("{}: another gateway (pid {}) uses this store; stop it first, or use the command "
                    "through its admin socket",
                    directory, holder_of(descriptor)));
  }
  std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    return system_trouble(path, "cannot be written", errno);
  return lock;
}

Result<StoreLock> StoreLock::take(const std::string& directory) {
  Result<StoreLock> lock = take_for_restore(directory);
  if (!lock || !restore_is_unfinished(directory)) return lock;
  return failure("STORE_RESTORE_UNFINISHED", Fault::Store, Retry::Never,
                 fmt::format("{}: a restore was interrupted and the store is incomplete; run `hubward store "
                             "restore --overwrite` again",
                             directory));
}

}  // namespace hubward::store
