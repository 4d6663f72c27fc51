// SPDX-License-Identifier: Apache-2.0
#include "async/resume.hpp"

#include <doctest/doctest.h>

#include <atomic>
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

TEST_CASE("one task after another may be resumed by a thread that lives on") {
  // A thread that is still letting go of one task must not stop the loop under the next.
  Loop loop;
  std::atomic<int> resumed{0};
  for (int i = 0; i < 300; ++i) {
    std::thread other;
    auto task = [](std::thread& worker, std::atomic<int>& count) -> Async<void> {
      co_await until_resumed([&worker](auto resume) {
        worker = std::thread([resume = std::move(resume)]() mutable {
          resume();
          std::this_thread::yield();
        });
      });
      ++count;
    };
    loop.run_task(task(other, resumed));
    loop.run_task(yield());
    other.join();
  }
  CHECK(resumed == 300);
}
