// SPDX-License-Identifier: Apache-2.0
#include "async/resume.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "async/engine.hpp"
#include "async/suspend.hpp"

namespace hubward {

namespace asio = boost::asio;

Async<void> until_resumed(std::move_only_function<void(std::move_only_function<void()> resume)> start) {
  co_await suspend([&start](Suspended task) {
    // The loop must not think itself idle while a thread works for it.
    auto busy = asio::make_work_guard(task.loop().engine().context);
    start([busy = std::move(busy), task]() mutable {
      auto executor = busy.get_executor();
      // The guard travels along and ends on the loop: ended here, it might stop the loop under a later task.
      asio::post(executor, [busy = std::move(busy), task] { task.resume(); });
    });
  });
}

}  // namespace hubward
