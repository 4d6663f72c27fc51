// SPDX-License-Identifier: Apache-2.0
#include "http/turnstile.hpp"

#include <doctest/doctest.h>

#include <string>

#include "async/await.hpp"
#include "async/loop.hpp"

namespace hubward::http {

TEST_CASE("one at a time goes through, and what is ready goes between") {
  Loop loop;
  Turnstile turnstile(loop);
  std::string order;
  auto heavy = [](Turnstile& through, std::string& noted, char name) -> Async<void> {
    co_await through.pass();
    noted += name;
  };
  auto light = [](std::string& noted) -> Async<void> {
    for (int i = 0; i < 3; ++i) {
      co_await yield();
      noted += '.';
    }
  };
  loop.spawn(heavy(turnstile, order, 'a'));
  loop.spawn(heavy(turnstile, order, 'b'));
  loop.spawn(light(order));
  loop.spawn(heavy(turnstile, order, 'c'));
  loop.run_until_idle();
  CHECK(order.starts_with("a"));
  CHECK(order.find('b') < order.find('c'));
  CHECK(order.find('.', order.find('b')) < order.find('c'));
  CHECK(order.size() == 6);
  // Nobody waits any more: the next goes at once.
  order.clear();
  loop.spawn(heavy(turnstile, order, 'd'));
  loop.run_until_idle();
  CHECK(order == "d");
}

TEST_CASE("a task that is dropped while it waits does not hold up the others") {
  std::string order;
  Loop loop;
  Turnstile turnstile(loop);
  {
    Loop other;
    auto pass = [](Turnstile& through, std::string& noted, char name) -> Async<void> {
      co_await through.pass();
      noted += name;
    };
    loop.spawn(pass(turnstile, order, 'a'));
    other.spawn(pass(turnstile, order, 'x'));
    loop.post([&] { loop.stop(); });
    other.post([&] { other.stop(); });
    loop.run();
    other.run();
  }
  auto pass = [](Turnstile& through, std::string& noted) -> Async<void> {
    co_await through.pass();
    noted += 'b';
  };
  loop.spawn(pass(turnstile, order));
  loop.run_until_idle();
  CHECK(order == "ab");
}

}  // namespace hubward::http
