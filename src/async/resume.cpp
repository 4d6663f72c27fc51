// SPDX-License-Identifier: Apache-2.0
#include "async/resume.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "async/await.hpp"

namespace hubward {

namespace asio = boost::asio;

Async<void> until_resumed(std::move_only_function<void(std::move_only_function<void()> resume)> start) {
  auto hand_over = [&start](auto continuation) {
    auto busy = asio::make_work_guard(asio::get_associated_executor(continuation));
    start([busy = std::move(busy), continuation = std::move(continuation)]() mutable {
      auto executor = busy.get_executor();
      // The guard travels along and ends on the loop: ended here, it might stop the loop under a later task.
      asio::post(executor, [busy = std::move(busy), continuation = std::move(continuation)]() mutable {
        std::move(continuation)();
      });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(hand_over, asio::use_awaitable);
}

}  // namespace hubward
