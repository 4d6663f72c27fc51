// SPDX-License-Identifier: Apache-2.0
#include "async/resume.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "async/await.hpp"
#include "async/loop.hpp"

using namespace hubward;

TEST_CASE("a task that another thread resumes goes on on its own loop") {
  Loop loop;
  std::thread other;
  std::thread::id resumed_on;
  auto task = [](std::thread& worker, std::thread::id& where) -> Async<void> {
    co_await until_resumed([&worker](auto resume) {
      worker = std::thread([resume = std::move(resume)]() mutable { resume(); });
    });
    where = std::this_thread::get_id();
  };
  loop.run_task(task(other, resumed_on));
  other.join();
  CHECK(resumed_on == std::this_thread::get_id());
}

TEST_CASE("a task may be resumed at once, before it is suspended") {
  Loop loop;
  int steps = 0;
  auto task = [](int& count) -> Async<void> {
    co_await until_resumed([](auto resume) { resume(); });
    ++count;
  };
  loop.run_task(task(steps));
  CHECK(steps == 1);
}
