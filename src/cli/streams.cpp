// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error of a command.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "cli/house.hpp"

namespace hubward::cli {
namespace {

// HubSpot's tokens are under a kilobyte.
constexpr std::size_t max_secret_bytes = 4096;

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads any more: there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Turns a terminal's echo off while it lives.
class Unseen {
 public:
  explicit Unseen(int descriptor) : descriptor_(descriptor) {
    if (isatty(descriptor) == 0 || tcgetattr(descriptor, &before_) != 0) return;
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(descriptor, TCSAFLUSH, &unseen) == 0;
  }
  ~Unseen() {
    if (!changed_) return;
    tcsetattr(descriptor_, TCSAFLUSH, &before_);
    write_all(STDERR_FILENO, "\n");
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  int descriptor_;
  bool changed_ = false;
  termios before_{};
};

// Straight into locked memory, up to the end or, on a terminal, the end of the line.
Result<Secret> read_standard_input(std::string_view prompt) {
  bool terminal = isatty(STDIN_FILENO) == 1;
  if (terminal) write_all(STDERR_FILENO, prompt);
  Unseen unseen(STDIN_FILENO);
  Secret secret = Secret::of_size(max_secret_bytes);
  std::size_t filled = 0;
  while (filled < max_secret_bytes) {
    ssize_t got = ::read(STDIN_FILENO, secret.writable().data() + filled, max_secret_bytes - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return invalid("SECRET_UNREADABLE",
                     fmt::format("standard input cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (terminal && secret.reveal_text()[filled - 1] == '\n') break;
  }
  if (filled == max_secret_bytes)
    return invalid("SECRET_TOO_LONG", "standard input holds more than a token; give the token alone");
  while (filled > 0 && (secret.reveal_text()[filled - 1] == '\n' || secret.reveal_text()[filled - 1] == '\r'))
    --filled;
  secret.shrink(filled);
  if (secret.empty())
    return invalid("SECRET_MISSING", "standard input holds no token; pipe it in, or use --token-file");
  return secret;
}

}  // namespace

Streams standard_streams() {
  return {[](std::string_view text) { write_all(STDOUT_FILENO, text); },
          [](std::string_view text) { write_all(STDERR_FILENO, text); }, read_standard_input};
}

}  // namespace hubward::cli
