// SPDX-License-Identifier: Apache-2.0
#include "app/service_manager.hpp"

#include <doctest/doctest.h>

#include "app/fake_service_manager.hpp"
#include "keys/temporary_folder.hpp"

namespace hubward::app {
namespace {

using namespace std::chrono_literals;

TEST_CASE("without a service manager nothing is said and nothing is wrong") {
  Result<ServiceManager> manager = ServiceManager::from_environment();
  REQUIRE(manager);
  CHECK_FALSE(manager->listens());
  CHECK_FALSE(manager->watchdog());
  CHECK(manager->tell(ready("Serving")));
}

TEST_CASE("the service manager hears each word as one datagram") {
  keys::TemporaryFolder folder;
  FakeServiceManager heard(folder.path() + "/notify", "30000000");
  Result<ServiceManager> manager = ServiceManager::from_environment();
  REQUIRE(manager);
  CHECK(manager->watchdog() == 30s);

  for (const std::string& word : {ready("Serving"), reloading(17us), stopping(45s), alive()})
    CHECK(manager->tell(word));

  CHECK(heard.told() == "READY=1\nSTATUS=Serving");
  CHECK(heard.told() == "RELOADING=1\nMONOTONIC_USEC=17\nSTATUS=Reading the configuration again");
  CHECK(heard.told() ==
        "STOPPING=1\nEXTEND_TIMEOUT_USEC=45000000\nSTATUS=Stopping: calls in flight may finish");
  CHECK(heard.told() == "WATCHDOG=1");
  CHECK(heard.told() == "");
}

TEST_CASE("a name in the abstract namespace is reached, too") {
  FakeServiceManager heard("@hubward-test-" + std::to_string(::getpid()));
  Result<ServiceManager> manager = ServiceManager::from_environment();
  REQUIRE(manager);
  CHECK(manager->tell(alive()));
  CHECK(heard.told() == "WATCHDOG=1");
}

TEST_CASE("the watchdog of another process is not ours") {
  FakeServiceManager heard("@hubward-test-" + std::to_string(::getpid()), "5000000");
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(ServiceManager::from_environment()->watchdog());
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  CHECK(ServiceManager::from_environment()->watchdog() == 5s);
}

TEST_CASE("a service manager that is gone is an error that names its socket") {
  keys::TemporaryFolder folder;
  std::string path = folder.path() + "/nobody";
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  Result<ServiceManager> manager = ServiceManager::from_environment();
  ::unsetenv("NOTIFY_SOCKET");
  REQUIRE(manager);

  Result<void> told = manager->tell(alive());

  REQUIRE_FALSE(told);
  CHECK(told.error().code == "SERVICE_MANAGER_UNREACHED");
  CHECK(told.error().message.find(path) != std::string::npos);
}

TEST_CASE("variables that cannot be meant are refused by name") {
  struct Row {
    const char *variable, *value;
  };
  const Row rows[] = {{"NOTIFY_SOCKET", "relative/path"},
                      {"WATCHDOG_USEC", "soon"},
                      {"WATCHDOG_USEC", "0"},
                      {"WATCHDOG_USEC", "99999999999999"}};
  for (const Row& row : rows) {
    CAPTURE(row.value);
    ::setenv(row.variable, row.value, 1);
    Result<ServiceManager> manager = ServiceManager::from_environment();
    ::unsetenv(row.variable);
    REQUIRE_FALSE(manager);
    CHECK(manager.error().message.starts_with(row.variable));
  }
  std::string long_name = "/" + std::string(200, 'x');
  ::setenv("NOTIFY_SOCKET", long_name.c_str(), 1);
  CHECK_FALSE(ServiceManager::from_environment());
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace hubward::app
