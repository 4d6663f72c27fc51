// SPDX-License-Identifier: Apache-2.0
// The configuration and the machine: the file itself, and the files that it names.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/config.hpp"
#include "core/ascii.hpp"

namespace hubward::app {
namespace {

ConfigReading unreadable(std::string message) {
  return {std::nullopt, {{0, 0, std::move(message)}}};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

enum class Secrecy { Public, Private };

std::optional<std::string> trouble_with(const std::string& path, Secrecy secrecy) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return fmt::format("cannot be opened: {}", std::strerror(errno));
  struct stat facts{};
  if (fstat(file.number(), &facts) != 0) return fmt::format("cannot be looked at: {}", std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return "is not a file";
  if (facts.st_size == 0) return "is empty";
  if (secrecy == Secrecy::Private && (facts.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
    return fmt::format("can be read or changed by others (mode {:04o}); run: chmod 600 {}",
                       facts.st_mode & 07777, path);
  return std::nullopt;
}

void check_file(std::vector<Complaint>& complaints, std::string_view key, const std::string& path,
                Secrecy secrecy) {
  if (path.empty()) return;
  if (auto trouble = trouble_with(path, secrecy))
    complaints.push_back({0, 0, fmt::format("{}: {} {}", key, path, *trouble)});
}

void check_secret(std::vector<Complaint>& complaints, std::string_view key, const SecretRef& secret,
                  Variables variables) {
  std::string_view text = secret.text;
  if (text.starts_with("file:")) check_file(complaints, key, std::string(text.substr(5)), Secrecy::Private);
  if (text.starts_with("env:") && variables == Variables::Look) {
    std::string name(text.substr(4));
    if (getenv(name.c_str()) == nullptr)
      complaints.push_back({0, 0, fmt::format("{}: the environment has no variable {}", key, name)});
  }
}

void check_door(std::vector<Complaint>& complaints, std::string_view table, const Door& door) {
  check_file(complaints, fmt::format("[{}] certificate", table), door.certificate, Secrecy::Public);
  check_file(complaints, fmt::format("[{}] key", table), door.key, Secrecy::Private);
}

}  // namespace

ConfigReading load_config(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0)
    return unreadable(fmt::format("cannot be opened: {}; name another file with --config or HUBWARD_CONFIG",
                                  std::strerror(errno)));
  struct stat facts{};
  if (fstat(file.number(), &facts) != 0 || !S_ISREG(facts.st_mode)) return unreadable("is not a file");
  std::string text;
  for (;;) {
    char piece[16 * 1024];
    ssize_t got = read(file.number(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > max_config_bytes)
      return unreadable(fmt::format("is longer than {} bytes", max_config_bytes));
  }
  return read_config(text);
}

std::string to_text(const std::string& path, const std::vector<Complaint>& complaints) {
  std::string text;
  for (const Complaint& complaint : complaints) {
    text += complaint.line == 0
                ? fmt::format("{}: {}\n", path, complaint.message)
                : fmt::format("{}:{}:{}: {}\n", path, complaint.line, complaint.column, complaint.message);
  }
  return text;
}

std::vector<Complaint> check_files(const Config& config, Variables variables) {
  std::vector<Complaint> complaints;
  check_secret(complaints, "root_key", config.root_key, variables);
  check_secret(complaints, "other_root_key", config.other_root_key, variables);
  check_door(complaints, "listen.egress", config.egress);
  check_file(complaints, "[listen.egress] client_authorities", config.egress.client_authorities,
             Secrecy::Public);
  check_door(complaints, "listen.public", config.public_door);
  if (!config.admin.token.empty()) {
    check_door(complaints, "listen.admin", config.admin.door);
    check_secret(complaints, "[listen.admin] token", config.admin.token, variables);
  }
  for (const auto& [name, app] : config.apps) {
    check_secret(complaints, fmt::format("[apps.{}] client_secret", name), app.client_secret, variables);
    check_secret(complaints, fmt::format("[apps.{}] previous_client_secret", name),
                 app.previous_client_secret, variables);
    check_file(complaints, fmt::format("[apps.{}] simulator_ca", name), app.simulator_ca, Secrecy::Public);
  }
  for (const auto& [name, to] : config.destinations) {
    for (auto [key, secret] :
         {std::pair{"secret", &to.secret}, {"previous_secret", &to.previous_secret}, {"bearer", &to.bearer}})
      check_secret(complaints, fmt::format("[destinations.{}] {}", name, key), *secret, variables);
    check_file(complaints, fmt::format("[destinations.{}] ca", name), to.ca, Secrecy::Public);
    check_file(complaints, fmt::format("[destinations.{}] certificate", name), to.certificate,
               Secrecy::Public);
    check_file(complaints, fmt::format("[destinations.{}] key", name), to.key, Secrecy::Private);
  }
  return complaints;
}

}  // namespace hubward::app
