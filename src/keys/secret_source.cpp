// SPDX-License-Identifier: Apache-2.0
#include "keys/secret_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/ascii.hpp"

namespace hubward::keys {
namespace {

constexpr std::size_t longest_name = 4096;  // PATH_MAX

std::unexpected<Error> unreadable(const SecretSource& source, std::string_view why) {
  return invalid("SECRET_UNREADABLE", source.to_text() + " " + std::string(why));
}

bool is_variable_name(std::string_view name) {
  auto allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; };
  return !name.empty() && !is_digit(name.front()) && std::ranges::all_of(name, allowed);
}

// As systemd allows: one file's name, printable (systemd.exec(5), LoadCredential=).
bool is_credential_name(std::string_view name) {
  auto allowed = [](char c) { return c > ' ' && c <= '~' && c != '/' && c != ':'; };
  return !name.empty() && name.size() < 256 && name != "." && name != ".." &&
         std::ranges::all_of(name, allowed);
}

class File {
 public:
  // O_NONBLOCK: a pipe in the file's place must not hold the start up.
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

enum class Guard { OwnerOnly, LeftToSystemd };

Result<void> check_file(const SecretSource& source, const struct stat& file, Guard guard) {
  if (!S_ISREG(file.st_mode)) return unreadable(source, "is not a regular file");
  if (file.st_uid != ::geteuid() && file.st_uid != 0)
    return invalid("SECRET_EXPOSED",
                   source.to_text() +
                       " belongs to another user, who can read and replace it: chown it to the "
                       "user that runs this program, or to root");
  // systemd lets the service's user in by an access control list, which shows as the group's bits.
  if (guard == Guard::OwnerOnly && (file.st_mode & 077) != 0)
    return invalid("SECRET_EXPOSED",
                   source.to_text() +
                       " can be used by others than its owner (its group's or everybody's bits are "
                       "set): chmod 600, and make a new secret if others may have read it");
  if (file.st_size == 0) return unreadable(source, "is empty");
  if (file.st_size > static_cast<off_t>(largest_outside_secret))
    return unreadable(source, "is larger than " + std::to_string(largest_outside_secret) +
                                  " bytes, which no secret is: is it the right file?");
  return {};
}

Result<Secret> read_file(const SecretSource& source, const std::string& path, Guard guard) {
  File file(path);
  struct stat status{};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0)
    return unreadable(source, std::string("cannot be opened (") + std::strerror(errno) + ")");
  if (auto fine = check_file(source, status, guard); !fine) return std::unexpected(std::move(fine.error()));

  // One byte more than the file has: a file that grows meanwhile is noticed.
  Secret content = Secret::of_size(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t filled = 0;
  while (filled < content.size()) {
    ssize_t got = ::read(file.descriptor(), content.writable().data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(source, std::string("cannot be read (") + std::strerror(errno) + ")");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled + 1 != content.size()) return unreadable(source, "changed while it was read; try again");
  content.shrink(filled);
  return content;
}

Result<Secret> read_variable(const SecretSource& source) {
  char* value = ::getenv(source.name.c_str());
  if (value == nullptr) return unreadable(source, "is not set (a variable is read once, at start)");
  std::span<char> bytes(value, std::strlen(value));
  if (bytes.size() > largest_outside_secret) {
    wipe(bytes);
    return unreadable(source, "is larger than any secret is");
  }
  Secret secret(std::string_view(bytes.data(), bytes.size()));
  // In place, since /proc/PID/environ shows the block that the program was started with, whatever unsetenv
  // does.
  wipe(bytes);
  ::unsetenv(source.name.c_str());
  if (secret.empty()) return unreadable(source, "is empty");
  return secret;
}

Result<Secret> read_credential(const SecretSource& source) {
  const char* folder = ::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0')
    return unreadable(source,
                      "is not there: CREDENTIALS_DIRECTORY is not set, so systemd passed no credentials "
                      "(LoadCredential= in the unit)");
  return read_file(source, std::string(folder) + "/" + source.name, Guard::LeftToSystemd);
}

}  // namespace

Result<SecretSource> SecretSource::parse(std::string_view text) {
  auto refused = [](std::string_view why) {
    return invalid(
        "SECRET_SOURCE_INVALID",
        std::string(why) +
            ": a secret is named by where it is, as file:PATH, env:NAME or credential:NAME, and never "
            "written in its place");
  };
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return refused("this names no place");
  std::string_view form = text.substr(0, colon), name = text.substr(colon + 1);
  if (form == "file") {
    if (name.empty() || name.size() > longest_name || name.find('\0') != std::string_view::npos)
      return refused("file: is not followed by a path");
    return SecretSource{Kind::File, std::string(name)};
  }
  if (form == "env") {
    if (!is_variable_name(name)) return refused("env: is not followed by the name of a variable");
    return SecretSource{Kind::Environment, std::string(name)};
  }
  if (form == "credential") {
    if (!is_credential_name(name)) return refused("credential: is not followed by the name of a credential");
    return SecretSource{Kind::Credential, std::string(name)};
  }
  return refused("this names no place");
}

std::string SecretSource::to_text() const {
  switch (kind) {
    case Kind::File: return "file:" + name;
    case Kind::Environment: return "env:" + name;
    case Kind::Credential: return "credential:" + name;
  }
  return {};
}

Result<Secret> read_secret_bytes(const SecretSource& source) {
  switch (source.kind) {
    case SecretSource::Kind::File: return read_file(source, source.name, Guard::OwnerOnly);
    case SecretSource::Kind::Environment: return read_variable(source);
    case SecretSource::Kind::Credential: return read_credential(source);
  }
  return unreadable(source, "is of no known kind");
}

Result<Secret> read_secret(const SecretSource& source) {
  Result<Secret> secret = read_secret_bytes(source);
  if (!secret) return secret;
  std::size_t size = secret->size();
  if (secret->reveal_text().ends_with('\n')) --size;
  if (size < secret->size() && secret->reveal_text().substr(0, size).ends_with('\r')) --size;
  if (size == 0) return unreadable(source, "holds only a line end");
  secret->shrink(size);
  return secret;
}

}  // namespace hubward::keys
