// SPDX-License-Identifier: Apache-2.0
// Asio tells when *something* is ready, through one epoll set of ours inside its own: its way to wait for one
// descriptor costs a system call per wait, this one costs none. Edge-triggered: an event is noted in the
// descriptor's state until somebody waits for it.
#include "http/descriptor.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "async/engine.hpp"
#include "async/suspend.hpp"
#include "core/invariant.hpp"

namespace hubward::http {

namespace asio = boost::asio;

namespace {

// Events taken at once; what is left is taken in the next turn of the loop.
constexpr std::size_t events_at_once = 128;

}  // namespace

struct Descriptor::State : std::enable_shared_from_this<State> {
  State(Loop& loop, int of);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void note(std::uint32_t events);
  bool noted(Direction direction) const {
    bool can_read = readable || read_closed;
    if (direction == Direction::Either) return hung_up || can_read || writable;
    return hung_up || (direction == Direction::Read ? can_read : writable);
  }
  void forget(Direction direction) {
    if (direction != Direction::Write) readable = false;
    if (direction != Direction::Read) writable = false;
  }
  bool can_resume() const { return waiter && noted(waits_for); }
  void finish(Wait outcome);
  void cancel();
  void watch(Deadline until);
  void fired();
  int release();
  void close();

  asio::io_context& context;
  Readiness& readiness;
  int fd;
  asio::steady_timer timer;

  // Noted since somebody last waited for it; the last two for good.
  bool readable = false;
  bool writable = false;
  bool read_closed = false;
  bool hung_up = false;

  // The wait that is on.
  Suspended waiter;
  Direction waits_for = Direction::Read;
  Wait outcome = Wait::Ready;
  State* next_waiting = nullptr;
  State* previous_waiting = nullptr;

  Deadline deadline = Deadline::max();
  Deadline armed_for = Deadline::max();
  bool cancelled = false;
};

// One per loop: the epoll set, and the descriptors that somebody waits for.
class Descriptor::Readiness final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit Readiness(asio::io_context& owner) : service(owner), events_(owner, make_set()) {}

  void add(State& state) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &state;
    invariant(::epoll_ctl(events_.native_handle(), EPOLL_CTL_ADD, state.fd, &event) == 0,
              "a socket can be waited for");
  }
  void remove(State& state) {
    // Explicitly: a descriptor that a forked child still holds would stay in the set after its close.
    if (events_.is_open()) ::epoll_ctl(events_.native_handle(), EPOLL_CTL_DEL, state.fd, nullptr);
  }

  void begin_wait(State& state) {
    state.previous_waiting = nullptr;
    state.next_waiting = waiting_;
    if (waiting_ != nullptr) waiting_->previous_waiting = &state;
    waiting_ = &state;
    if (!std::exchange(armed_, true)) arm();
  }
  void end_wait(State& state) {
    (state.previous_waiting != nullptr ? state.previous_waiting->next_waiting : waiting_) =
        state.next_waiting;
    if (state.next_waiting != nullptr) state.next_waiting->previous_waiting = state.previous_waiting;
    state.next_waiting = state.previous_waiting = nullptr;
    // A loop that nobody waits on any more may end.
    if (waiting_ == nullptr && armed_ && !harvesting_) events_.cancel();
  }

 private:
  static int make_set() {
    int set = ::epoll_create1(EPOLL_CLOEXEC);
    invariant(set >= 0, "the machine has a descriptor for an epoll set");
    return set;
  }

  void arm() {
    events_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this](boost::system::error_code trouble) { harvest(trouble); });
  }

  void harvest(boost::system::error_code trouble) {
    if (!trouble) resume_ready();
    armed_ = waiting_ != nullptr;
    if (armed_) arm();
  }

  void resume_ready() {
    std::array<epoll_event, events_at_once> events;
    int count = ::epoll_wait(events_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    // First all are noted, since whoever is resumed may close others of them.
    for (int i = 0; i < count; ++i) {
      State* state = static_cast<State*>(events[static_cast<std::size_t>(i)].data.ptr);
      state->note(events[static_cast<std::size_t>(i)].events);
      if (state->can_resume()) ready_.push_back(state->shared_from_this());
    }
    harvesting_ = true;
    for (std::shared_ptr<State>& state : ready_) {
      if (state->can_resume()) state->finish(Descriptor::Wait::Ready);
      state.reset();
    }
    harvesting_ = false;
    ready_.clear();
  }

  // The loop is going away, and has dropped its tasks.
  void shutdown() override {
    while (waiting_ != nullptr) {
      waiting_->waiter = {};
      end_wait(*waiting_);
    }
  }

  asio::posix::stream_descriptor events_;
  State* waiting_ = nullptr;
  std::vector<std::shared_ptr<State>> ready_;
  bool armed_ = false;
  bool harvesting_ = false;
};

Descriptor::State::State(Loop& loop, int of)
    : context(loop.engine().context),
      readiness(asio::use_service<Readiness>(context)),
      fd(of),
      timer(context) {
  readiness.add(*this);
}

Descriptor::State::~State() {
  if (waiter) readiness.end_wait(*this);  // its task was dropped with the loop
  close();
}

void Descriptor::State::close() {
  if (fd >= 0) ::close(release());
}

int Descriptor::State::release() {
  readiness.remove(*this);
  return std::exchange(fd, -1);
}

void Descriptor::State::note(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLERR)) != 0) readable = true;
  if ((events & (EPOLLOUT | EPOLLERR)) != 0) writable = true;
  // These are told once, but stay true: the end is found by trying.
  if ((events & EPOLLRDHUP) != 0) read_closed = true;
  if ((events & EPOLLHUP) != 0) hung_up = true;
}

void Descriptor::State::finish(Wait with) {
  outcome = with;
  deadline = Deadline::max();
  readiness.end_wait(*this);
  std::exchange(waiter, {}).resume();
}

void Descriptor::State::cancel() {
  cancelled = true;
  if (!waiter) return;
  // Not at once: who cancels is in the middle of something.
  asio::post(context, [self = shared_from_this()] {
    if (self->waiter) self->finish(Wait::Cancelled);
  });
}

// A timer operation per wait would cost more than the wait. One timer stays armed and looks at the deadline
// when it fires: a wait only notes its deadline, and arms the timer anew when it would fire too late.
void Descriptor::State::watch(Deadline until) {
  deadline = until;
  if (until >= armed_for) return;
  armed_for = until;
  timer.expires_at(until);
  timer.async_wait([weak = weak_from_this()](boost::system::error_code trouble) {
    if (trouble) return;  // armed anew, or gone
    if (std::shared_ptr<State> state = weak.lock()) state->fired();
  });
}

void Descriptor::State::fired() {
  armed_for = Deadline::max();
  if (!waiter || deadline == Deadline::max()) return;
  if (deadline > std::chrono::steady_clock::now()) return watch(deadline);
  finish(Wait::TimedOut);
}

Descriptor::Waiting::Waiting(std::shared_ptr<State> state, Direction direction, Deadline deadline)
    : state_(std::move(state)), direction_(direction), deadline_(deadline) {}

bool Descriptor::Waiting::is_over() {
  if (state_->cancelled) return true;
  bool over = state_->noted(direction_);
  state_->forget(direction_);
  return over;
}

void Descriptor::Waiting::begin(Suspended task) {
  waited_ = true;
  state_->waiter = task;
  state_->waits_for = direction_;
  state_->readiness.begin_wait(*state_);
  state_->watch(deadline_);
}

Descriptor::Wait Descriptor::Waiting::outcome() {
  if (waited_) state_->forget(direction_);
  if (state_->cancelled) return Wait::Cancelled;
  return waited_ ? state_->outcome : Wait::Ready;
}

Descriptor::Descriptor(Loop& loop, int fd) : state_(std::make_shared<State>(loop, fd)) {}

Descriptor::~Descriptor() {
  state_->timer.cancel();
  if (state_->waiter) state_->cancel();  // a task that still waits ends
  state_->close();
}

int Descriptor::fd() const {
  return state_->fd;
}

int Descriptor::release() {
  return state_->release();
}

Descriptor::Waiting Descriptor::ready(Direction direction, Deadline deadline) {
  return {state_, direction, deadline};
}

bool Descriptor::is_quiet() const {
  return !state_->noted(Direction::Read);
}

bool Descriptor::ended() const {
  return state_->read_closed || state_->hung_up;
}

void Descriptor::cancel() {
  state_->cancel();
}

}  // namespace hubward::http
