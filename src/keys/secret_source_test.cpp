// SPDX-License-Identifier: Apache-2.0
#include "keys/secret_source.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/encoding.hpp"
#include "core/locked_memory.hpp"
#include "keys/temporary_folder.hpp"

using namespace hubward;
using namespace hubward::keys;

namespace {

constexpr std::string_view canary = "canary-7f3a9b-do-not-echo";

Result<Secret> read_from(const std::string& text) {
  Result<SecretSource> source = SecretSource::parse(text);
  REQUIRE(source);
  return read_secret(*source);
}

// A variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a secret is named by one of three forms") {
  const std::pair<std::string_view, SecretSource> cases[] = {
      {"file:/etc/hubward/root.key", {SecretSource::Kind::File, "/etc/hubward/root.key"}},
      {"file:root.key", {SecretSource::Kind::File, "root.key"}},
      {"file:with:colon", {SecretSource::Kind::File, "with:colon"}},
      {"env:HUBWARD_ROOT_KEY", {SecretSource::Kind::Environment, "HUBWARD_ROOT_KEY"}},
      {"env:_x9", {SecretSource::Kind::Environment, "_x9"}},
      {"credential:root-key", {SecretSource::Kind::Credential, "root-key"}},
      {"credential:root.key", {SecretSource::Kind::Credential, "root.key"}},
  };
  for (const auto& [text, source] : cases) {
    CAPTURE(text);
    REQUIRE(SecretSource::parse(text));
    CHECK(*SecretSource::parse(text) == source);
    CHECK(source.to_text() == text);
  }
}

TEST_CASE("anything else is refused with the three forms and without what was written") {
  const std::string secret(canary);
  const std::string cases[] = {"",
                               secret,
                               "pat-na1-" + secret,
                               "FILE:" + secret,
                               " file:" + secret,
                               "vault:" + secret,
                               "file:",
                               std::string("file:a\0b", 8) + secret,
                               "env:",
                               "env:" + secret,  // has dashes, so it is no variable's name
                               "env:9" + secret,
                               "env:A=" + secret,
                               "credential:",
                               "credential:../" + secret,
                               "credential:.",
                               "credential:..",
                               "credential:a b" + secret};
  for (const std::string& text : cases) {
    CAPTURE(text);
    Result<SecretSource> source = SecretSource::parse(text);
    REQUIRE_FALSE(source);
    CHECK(source.error().code == "SECRET_SOURCE_INVALID");
    CHECK(source.error().message.find(canary) == std::string::npos);
    for (std::string_view form : {"file:PATH", "env:NAME", "credential:NAME"})
      CHECK(source.error().message.find(form) != std::string::npos);
  }
}

TEST_CASE("a file's secret comes without its line end") {
  TemporaryFolder folder;
  const std::pair<std::string, std::string> cases[] = {{"value", "value"},     {"value\n", "value"},
                                                       {"value\r\n", "value"}, {"value\n\n", "value\n"},
                                                       {"value\r", "value\r"}, {" v\t", " v\t"}};
  for (const auto& [content, expected] : cases) {
    std::string path = folder.write("secret", content, 0600);
    Result<Secret> secret = read_from("file:" + path);
    REQUIRE(secret);
    CHECK(secret->reveal_text() == expected);
    CHECK(read_secret_bytes({SecretSource::Kind::File, path})->reveal_text() == content);
  }
}

TEST_CASE("a file that others can use is refused, whatever the bit") {
  TemporaryFolder folder;
  for (mode_t mode : {0400, 0600, 0700, 0500}) CHECK(read_from("file:" + folder.write("mine", canary, mode)));
  for (mode_t bit : {0040, 0020, 0010, 0004, 0002, 0001}) {
    CAPTURE(bit);
    Result<Secret> secret = read_from("file:" + folder.write("open", canary, 0600 | bit));
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == "SECRET_EXPOSED");
    CHECK(secret.error().message.find("chmod 600") != std::string::npos);
    CHECK(secret.error().message.find(folder.path()) != std::string::npos);
    CHECK(secret.error().message.find(canary) == std::string::npos);
  }
  if (::geteuid() == 0) {
    std::string path = folder.write("theirs", canary, 0600);
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    Result<Secret> secret = read_from("file:" + path);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == "SECRET_EXPOSED");
  } else {
    MESSAGE("not run as root: a file of another user is not tried");
  }
}

TEST_CASE("what is no readable file of a secret's size is refused at once") {
  TemporaryFolder folder;
  std::string pipe = folder.path() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::pair<std::string, std::string_view> cases[] = {
      {folder.path() + "/missing", "cannot be opened"},
      {folder.path(), "not a regular file"},
      {pipe, "not a regular file"},
      {"/dev/zero", "not a regular file"},
      {folder.write("empty", "", 0600), "is empty"},
      {folder.write("line", "\n", 0600), "only a line end"},
      {folder.write("large", std::string(largest_outside_secret + 1, 'x'), 0600), "is larger than"},
  };
  for (const auto& [path, why] : cases) {
    CAPTURE(path);
    Result<Secret> secret = read_from("file:" + path);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == "SECRET_UNREADABLE");
    CHECK(secret.error().message.find("file:" + path) != std::string::npos);
    CHECK(secret.error().message.find(why) != std::string::npos);
  }
  CHECK(read_from("file:" + folder.write("largest", std::string(largest_outside_secret, 'x'), 0600)));
}

TEST_CASE("a variable is read once and its bytes are gone from the environment") {
  ::setenv("HUBWARD_TEST_SECRET", std::string(canary).c_str(), 1);
  const char* where = ::getenv("HUBWARD_TEST_SECRET");
  Result<Secret> secret = read_from("env:HUBWARD_TEST_SECRET");
  REQUIRE(secret);
  CHECK(secret->reveal_text() == canary);
  for (std::size_t i = 0; i < canary.size(); ++i) CHECK(where[i] == '\0');
  CHECK(::getenv("HUBWARD_TEST_SECRET") == nullptr);

  Result<Secret> again = read_from("env:HUBWARD_TEST_SECRET");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == "SECRET_UNREADABLE");
  CHECK(again.error().message.find("env:HUBWARD_TEST_SECRET is not set") != std::string::npos);
}

// /proc/PID/environ shows the block that a program was started with, so this test starts itself anew.
TEST_CASE("a variable that the program was started with disappears from /proc/self/environ") {
  constexpr const char* variable = "HUBWARD_TEST_STARTED_WITH";
  if (::getenv(variable) == nullptr) {
    std::string filter = "--test-case=a variable that the program was started with*";
    std::string assignment = std::string(variable) + "=" + std::string(canary);
    std::string program = "hubward-test";
    char* arguments[] = {program.data(), filter.data(), nullptr};
    char* environment[] = {assignment.data(), nullptr};
    pid_t child = 0;
    REQUIRE(::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environment) == 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    return;
  }
  auto environment = [] {
    std::ifstream file("/proc/self/environ", std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  };
  REQUIRE(environment().find(canary) != std::string::npos);
  CHECK(read_from(std::string("env:") + variable)->reveal_text() == canary);
  CHECK(environment().find(canary) == std::string::npos);
}

TEST_CASE("a credential is a file in the folder that systemd names") {
  TemporaryFolder folder;
  Result<Secret> none = read_from("credential:root-key");
  REQUIRE_FALSE(none);
  CHECK(none.error().message.find("LoadCredential=") != std::string::npos);

  Variable directory("CREDENTIALS_DIRECTORY", folder.path());
  CHECK_FALSE(read_from("credential:root-key"));
  folder.write("root-key", std::string(canary) + "\n", 0440);  // as an access control list makes it look
  CHECK(read_from("credential:root-key")->reveal_text() == canary);
}

TEST_CASE("reading leaves nothing in locked memory but the secret") {
  TemporaryFolder folder;
  std::string path = folder.write("secret", std::string(100, 'x') + "\n", 0600);
  std::size_t before = locked_bytes_in_use();
  {
    Result<Secret> secret = read_from("file:" + path);
    REQUIRE(secret);
    CHECK(locked_bytes_in_use() - before == 128);  // 100 bytes in grains of 32
  }
  CHECK(locked_bytes_in_use() == before);
}
