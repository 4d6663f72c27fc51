// SPDX-License-Identifier: Apache-2.0
#include "store/files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace hubward::store {

namespace {

std::unexpected<Error> unsafe(std::string message) {
  return failure("STORE_UNSAFE", Fault::Store, Retry::Never, std::move(message));
}

std::string directory_of(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

Result<void> flush(const std::string& path, int flags) {
  int descriptor = open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_trouble(path, "cannot be opened to flush it", errno);
  int refused = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  if (refused != 0) return system_trouble(path, "cannot be flushed to the disk", refused);
  return {};
}

Result<void> create_file(const std::string& path) {
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_trouble(path, "cannot be created", errno);
  close(descriptor);
  return flush_directory(directory_of(path));
}

}  // namespace

std::unexpected<Error> system_trouble(const std::string& path, std::string_view what, int number) {
  return failure("STORE_UNAVAILABLE", Fault::Store, Retry::Later,
                 fmt::format("{}: {} ({})", path, what, std::generic_category().message(number)));
}

namespace {

// What root would make there, its owner could not open.
std::string belongs_to_another(const std::string& path, uid_t owner) {
  const passwd* known = ::getpwuid(owner);
  std::string name = known != nullptr ? known->pw_name : fmt::format("#{}", owner);
  std::string how =
      ::geteuid() == 0 && known != nullptr ? fmt::format(": `runuser -u {} -- hubward ...`", name) : "";
  return fmt::format("{}: belongs to user {}; run the command as that user{}, or change its owner", path,
                     name, how);
}

}  // namespace

Result<void> require_private_file(const std::string& path, IfMissing if_missing) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT && if_missing == IfMissing::Create) return create_file(path);
    return system_trouble(path, "cannot be read", errno);
  }
  if (!S_ISREG(found.st_mode))
    return unsafe(path + ": is not a regular file; remove it or name another path");
  if (found.st_uid != geteuid()) return unsafe(belongs_to_another(path, found.st_uid));
  if ((found.st_mode & 077) != 0) return unsafe(path + ": can be read by others; run `chmod 600` on it");
  return {};
}

Result<void> require_private_directory(const std::string& path, IfMissing if_missing) {
  if (if_missing == IfMissing::Create && mkdir(path.c_str(), 0700) == 0)
    return flush_directory(directory_of(path));
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return system_trouble(path, "cannot be used as a store", errno);
  if (!S_ISDIR(found.st_mode)) return unsafe(path + ": is not a directory; name another store directory");
  if (found.st_uid != geteuid()) return unsafe(belongs_to_another(path, found.st_uid));
  if ((found.st_mode & 077) != 0) return unsafe(path + ": is open to others; run `chmod 700` on it");
  return {};
}

Result<void> flush_directory(const std::string& path) {
  return flush(path, O_DIRECTORY);
}

Result<void> flush_file(const std::string& path) {
  return flush(path, 0);
}

}  // namespace hubward::store
