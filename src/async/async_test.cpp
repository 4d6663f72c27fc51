// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/await.hpp"
#include "async/blocking_pool.hpp"
#include "async/loop.hpp"

using namespace hubward;
using namespace std::chrono_literals;

namespace {

Async<void> note(std::vector<std::string>& notes, std::string what) {
  notes.push_back(what + " 1");
  co_await yield();
  notes.push_back(what + " 2");
}

Async<int> answer_later(int value) {
  co_await sleep_until(after(1ms));
  co_return value;
}

Async<void> wait_for(Signal& signal, Deadline deadline, std::vector<bool>& seen) {
  bool notified = co_await signal.wait(deadline);
  seen.push_back(notified);
}

}  // namespace

TEST_CASE("tasks take turns at each yield") {
  Loop loop;
  std::vector<std::string> notes;
  loop.spawn(note(notes, "a"));
  loop.spawn(note(notes, "b"));
  loop.run_until_idle();
  CHECK(notes == std::vector<std::string>{"a 1", "b 1", "a 2", "b 2"});
}

TEST_CASE("run_task runs until the task is done, and hands on what it throws") {
  Loop loop;
  int seen = 0;
  auto ask = [](int& result) -> Async<void> { result = co_await answer_later(7); };
  loop.run_task(ask(seen));
  CHECK(seen == 7);
  auto fail = []() -> Async<void> {
    co_await yield();
    throw std::runtime_error("on purpose");
  };
  CHECK_THROWS_WITH(loop.run_task(fail()), "on purpose");
  loop.run_task(ask(seen));  // the loop is usable afterwards
}

TEST_CASE("awaiting what ends at once does not deepen the stack") {
  Loop loop;
  auto one = []() -> Async<int> { co_return 1; };
  auto count = [](auto next, int& sum) -> Async<void> {
    for (int i = 0; i < 1'000'000; ++i) sum += co_await next();
  };
  int sum = 0;
  loop.run_task(count(one, sum));
  CHECK(sum == 1'000'000);
}

TEST_CASE("what a task throws reaches whoever awaits it, and what it owned is gone by then") {
  Loop loop;
  auto owned = std::make_shared<int>(0);
  auto fail = [](std::shared_ptr<int>) -> Async<std::string> {
    co_await yield();
    throw std::runtime_error("on purpose");
  };
  auto ask = [](Async<std::string> task, std::string& seen) -> Async<void> {
    try {
      seen = co_await std::move(task);
    } catch (const std::runtime_error& trouble) {
      seen = trouble.what();
    }
  };
  std::string seen;
  loop.run_task(ask(fail(owned), seen));
  CHECK(seen == "on purpose");
  CHECK(owned.use_count() == 1);
}

TEST_CASE("a task that is never started is dropped with what it holds") {
  auto owned = std::make_shared<int>(0);
  auto hold = [](std::shared_ptr<int>) -> Async<void> { co_return; };
  {
    Async<void> task = hold(owned);
    CHECK(owned.use_count() == 2);
  }
  CHECK(owned.use_count() == 1);
}

TEST_CASE("tasks that wait for each other are dropped with the loop, the innermost first") {
  std::vector<std::string> ends;
  struct Note {
    std::vector<std::string>& ends;
    std::string name;
    ~Note() { ends.push_back(name); }
  };
  auto inner = [](std::vector<std::string>& notes) -> Async<void> {
    Note note{notes, "inner"};
    co_await sleep_until(Deadline::max());
  };
  auto outer = [](auto wait, std::vector<std::string>& notes) -> Async<void> {
    Note note{notes, "outer"};
    co_await wait(notes);
  };
  {
    Loop loop;
    loop.spawn(outer(inner, ends));
    loop.post([&loop] { loop.stop(); });
    loop.run();
  }
  CHECK(ends == std::vector<std::string>{"inner", "outer"});
}

TEST_CASE("a deadline that has passed does not wait") {
  Loop loop;
  auto ask = []() -> Async<void> { co_await sleep_until(Deadline::min()); };
  loop.run_task(ask());
}

TEST_CASE("a signal wakes everyone who waits, once") {
  Loop loop;
  Signal signal(loop);
  std::vector<bool> seen;
  loop.spawn(wait_for(signal, Deadline::max(), seen));
  loop.spawn(wait_for(signal, after(1h), seen));
  auto wake = [](Signal& which) -> Async<void> {
    co_await yield();
    which.notify();
    which.notify();  // nobody waits any more
  };
  loop.spawn(wake(signal));
  loop.run_until_idle();
  CHECK(seen == std::vector<bool>{true, true});
}

TEST_CASE("a signal for one wakes the one that has waited longest") {
  Loop loop;
  Signal signal(loop);
  std::vector<bool> first, second;
  loop.spawn(wait_for(signal, Deadline::max(), first));
  loop.spawn(wait_for(signal, after(1ms), second));
  loop.post([&] { signal.notify_one(); });
  loop.run_until_idle();
  CHECK(first == std::vector<bool>{true});
  CHECK(second == std::vector<bool>{false});
  signal.notify_one();  // nobody waits
}

TEST_CASE("a signal that nobody gives ends at the deadline") {
  Loop loop;
  Signal signal(loop);
  signal.notify();  // remembered by nobody
  std::vector<bool> seen;
  loop.run_task(wait_for(signal, after(1ms), seen));
  CHECK(seen == std::vector<bool>{false});
}

TEST_CASE("tasks that still wait are dropped with the loop") {
  auto token = std::make_shared<int>(0);
  std::vector<bool> seen;
  {
    Loop loop;
    Signal signal(loop);
    auto hold = [](std::shared_ptr<int>, Signal& which, std::vector<bool>& results) -> Async<void> {
      bool notified = co_await which.wait();
      results.push_back(notified);
    };
    loop.spawn(hold(token, signal, seen));
    loop.post([&loop] { loop.stop(); });
    loop.run();
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
  CHECK(seen.empty());
}

TEST_CASE("stop and post work from another thread, and a stop before the run is kept") {
  Loop loop;
  std::thread::id ran_on;
  std::thread other([&] {
    loop.post([&] { ran_on = std::this_thread::get_id(); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
  loop.stop();
  loop.run();
}

TEST_CASE("blocking work runs elsewhere and comes back to its loop") {
  Loop loop;
  BlockingPool pool(2);
  std::thread::id worked_on, resumed_on;
  auto ask = [](BlockingPool& on, std::thread::id& worked, std::thread::id& resumed) -> Async<void> {
    Result<void> done = co_await on.run([&worked] { worked = std::this_thread::get_id(); });
    CHECK(done);
    resumed = std::this_thread::get_id();
  };
  loop.run_task(ask(pool, worked_on, resumed_on));
  CHECK(worked_on != std::this_thread::get_id());
  CHECK(resumed_on == std::this_thread::get_id());
}

TEST_CASE("one task after another may use the pool") {
  // A thread of the pool that is still letting go of one task must not stop the loop under the next.
  Loop loop;
  BlockingPool pool(2);
  int worked = 0;
  auto work_once = [](BlockingPool& on, int& count) -> Async<void> {
    Result<void> ran = co_await on.run([&count] { ++count; });
    CHECK(ran);
  };
  for (int i = 0; i < 2000; ++i) loop.run_task(work_once(pool, worked));
  CHECK(worked == 2000);
}

TEST_CASE("blocking work beyond the queue is refused without being run") {
  Loop loop;
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::promise<void> started;
  std::atomic<int> ran = 0;
  std::vector<std::string> codes;
  BlockingPool pool(1, 1);
  auto ask = [](BlockingPool& on, std::move_only_function<void()> work,
                std::vector<std::string>& answers) -> Async<void> {
    Result<void> done = co_await on.run(std::move(work));
    answers.push_back(done ? "done" : done.error().code);
  };
  loop.spawn(ask(
      pool,
      [&] {
        started.set_value();
        opened.wait();
        ++ran;
      },
      codes));
  loop.post([&] {
    started.get_future().wait();  // the one thread is busy
    loop.spawn(ask(pool, [&] { ++ran; }, codes));
    loop.spawn(ask(pool, [&] { ++ran; }, codes));
    loop.post([&] { gate.set_value(); });
  });
  loop.run_until_idle();
  CHECK(codes == std::vector<std::string>{"OVERLOADED", "done", "done"});
  CHECK(ran == 2);
}

TEST_CASE("a pool finishes what it accepted before it dies") {
  Loop loop;
  std::atomic<int> ran = 0;
  {
    BlockingPool pool(1);
    auto ask = [](BlockingPool& on, std::atomic<int>& count) -> Async<void> {
      Result<void> done = co_await on.run([&count] { ++count; });
      CHECK(done);
    };
    for (int i = 0; i < 8; ++i) loop.spawn(ask(pool, ran));
    auto leave = [](Loop& of) -> Async<void> {
      co_await yield();
      of.stop();
    };
    loop.spawn(leave(loop));
    loop.run();
  }
  CHECK(ran == 8);
}

TEST_CASE("work that ends on another thread never stops the loop behind its back") {
  Loop loop;
  BlockingPool pool(2);
  auto once = [](BlockingPool& on, int& ran) -> Async<void> {
    Result<void> done = co_await on.run([] {});
    ran += done ? 1 : 0;
  };
  int ran = 0;
  for (int i = 1; i <= 500; ++i) {
    loop.run_task(once(pool, ran));
    loop.post([&] { loop.stop(); });
    loop.run();
    REQUIRE(ran == i);
  }
}
