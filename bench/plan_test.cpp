// SPDX-License-Identifier: Apache-2.0
#include "bench/plan.hpp"

#include <doctest/doctest.h>

#include "bench/load.hpp"

namespace hubward::bench {
namespace {

Result<Plan> plan_of(std::vector<const char*> words) {
  std::vector<const char*> all = {"--to", "127.0.0.1:8443", "--ca", "ca.pem"};
  all.insert(all.end(), words.begin(), words.end());
  return parse_plan(all);
}

void check_refused(std::vector<const char*> words, std::string_view why) {
  Result<Plan> plan = plan_of(std::move(words));
  REQUIRE_FALSE(plan);
  CAPTURE(plan.error().message);
  CHECK(plan.error().code == "USAGE");
  CHECK(plan.error().message.contains(why));
}

}  // namespace

TEST_CASE("only this machine can be put under load") {
  for (const char* target : {"192.0.2.1:443", "10.0.0.1:443", "0.0.0.0:443", "128.0.0.1:443", "localhost:443",
                             "127.0.0.1.example.com:443", "[::1]:443", "127.1:443"}) {
    std::vector<const char*> words = {"--to", target, "--ca", "ca.pem"};
    Result<Plan> plan = parse_plan(words);
    CAPTURE(target);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().message.contains("loopback"));
  }
  CHECK(plan_of({})->address == "127.0.0.1");
}

TEST_CASE("no run is longer or larger than the bounds") {
  check_refused({"--seconds", "7201"}, "to 7200");
  check_refused({"--warmup", "10000"}, "to 7200");
  check_refused({"--seconds", "nan"}, "--seconds");
  check_refused({"--connections", "20001"}, "to 20000");
  check_refused({"--connections", "0"}, "from 1");
  check_refused({"--rate", "200001", "--mode", "open"}, "to 200000");
  check_refused({"--requests", "1e12"}, "--requests");
  check_refused({"--aborts", "0.95"}, "to 0.9");
}

TEST_CASE("what does not belong together is refused with the names of both") {
  check_refused({"--mode", "open"}, "--rate and --mode open");
  check_refused({"--rate", "10"}, "--rate and --mode open");
  check_refused({"--path", "/c/{n}"}, "--numbers and {n}");
  check_refused({"--numbers", "3"}, "--numbers and {n}");
  check_refused({"--resume"}, "--mode handshake");
  check_refused({"--aborts", "0.1", "--mode", "hold"}, "--mode closed");
  check_refused({"--drip-ms", "5"}, "--mode hold");
  check_refused({"--requests-from", "f", "--mode", "handshake"}, "--requests-from");
  check_refused({"--requests-from", "f", "--path", "/{n}", "--numbers", "3"}, "--requests-from");
}

TEST_CASE("requests are read from a file one after the other") {
  Result<std::vector<std::string>> requests = read_requests("3\nGET4\na\nbc");
  REQUIRE(requests);
  CHECK(*requests == std::vector<std::string>{"GET", "a\nbc"});
  for (std::string_view wrong : {"", "3", "3\nGE", "0\n", "x\nGET", "3\nGETx"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_requests(wrong));
  }
}

TEST_CASE("a flag that is unknown, or lacks its value, is named") {
  check_refused({"--speed", "9"}, "--speed");
  check_refused({"--path"}, "--path is missing");
  check_refused({"--mode", "fast"}, "not fast");
  check_refused({"--field", "Accept"}, "'Name: value'");
  check_refused({"--connections", "many"}, "not many");
  check_refused({"--path", "crm"}, "slash");
}

TEST_CASE("a whole command line is read") {
  Result<Plan> plan =
      plan_of({"--mode",    "open",      "--rate",  "1500.5",  "--connections", "64",       "--path",
               "/c/{n}/x",  "--numbers", "10",      "--field", "A: b",          "--warmup", "0.5",
               "--seconds", "3",         "--watch", "7",       "--watch",       "9"});
  REQUIRE(plan);
  CHECK(plan->mode == Plan::Mode::Open);
  CHECK(plan->rate == 1500.5);
  CHECK(plan->connections == 64);
  CHECK(plan->numbers == 10);
  CHECK(plan->fields == std::vector<std::string>{"A: b"});
  CHECK(plan->time.count() == 3);
  CHECK(plan->watched == std::vector<int>{7, 9});
}

}  // namespace hubward::bench
