// SPDX-License-Identifier: Apache-2.0
#include "http/descriptor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/await.hpp"
#include "async/engine.hpp"

namespace hubward::http {

namespace asio = boost::asio;

// A timer operation per wait would cost more than the wait. One timer stays armed and looks at the deadline
// when it fires: a wait only notes its deadline, and arms the timer anew when it would fire too late.
struct Descriptor::State : std::enable_shared_from_this<State> {
  State(Loop& loop, int fd) : socket(loop.engine().context, fd), timer(loop.engine().context) {}

  asio::posix::stream_descriptor socket;
  asio::steady_timer timer;
  Deadline deadline = Deadline::max();  // of the wait that is on
  Deadline armed_for = Deadline::max();
  bool timed_out = false;
  bool cancelled = false;

  void watch(Deadline until) {
    deadline = until;
    timed_out = false;
    if (until < armed_for) arm(until);
  }

  void arm(Deadline until) {
    armed_for = until;
    timer.expires_at(until);
    timer.async_wait([self = weak_from_this()](boost::system::error_code trouble) {
      if (trouble) return;  // armed anew, or gone
      if (std::shared_ptr<State> state = self.lock()) state->fired();
    });
  }

  void fired() {
    Deadline expired = armed_for;
    armed_for = Deadline::max();
    if (deadline == Deadline::max()) return;
    if (deadline > expired && deadline > std::chrono::steady_clock::now()) return arm(deadline);
    timed_out = true;
    socket.cancel();
  }

  Async<Wait> wait(std::shared_ptr<State> self, asio::posix::stream_descriptor::wait_type what,
                   Deadline until) {
    if (self->cancelled) co_return Wait::Cancelled;
    self->watch(until);
    auto [trouble] = co_await self->socket.async_wait(what, asio::as_tuple(asio::use_awaitable));
    self->deadline = Deadline::max();
    if (self->timed_out && !self->cancelled) co_return Wait::TimedOut;
    co_return self->cancelled || trouble ? Wait::Cancelled : Wait::Ready;
  }
};

Descriptor::Descriptor(Loop& loop, int fd) : state_(std::make_shared<State>(loop, fd)) {}

Descriptor::~Descriptor() {
  boost::system::error_code ignored;  // nothing is left to be done about a close that fails
  state_->timer.cancel();
  if (state_->socket.is_open()) state_->socket.close(ignored);
}

int Descriptor::fd() const {
  return state_->socket.native_handle();
}

int Descriptor::release() {
  return state_->socket.release();
}

Async<Descriptor::Wait> Descriptor::readable(Deadline deadline) {
  return state_->wait(state_, asio::posix::stream_descriptor::wait_read, deadline);
}

Async<Descriptor::Wait> Descriptor::writable(Deadline deadline) {
  return state_->wait(state_, asio::posix::stream_descriptor::wait_write, deadline);
}

void Descriptor::cancel() {
  state_->cancelled = true;
  state_->socket.cancel();
}

}  // namespace hubward::http
