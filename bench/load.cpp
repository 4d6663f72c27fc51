// SPDX-License-Identifier: Apache-2.0
#include "bench/load.hpp"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "bench/watched_time.hpp"

namespace hubward::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds opening_time{120};
constexpr std::uint64_t most_errors = 1000;  // more say nothing new
constexpr std::size_t longest_backlog = 100'000;
constexpr nanoseconds longest_wait = std::chrono::milliseconds(50), drip_wait = std::chrono::milliseconds(5);

std::string fields_of(const Plan& plan) {
  std::string text = fmt::format(" HTTP/1.1\r\nHost: {}:{}\r\n", plan.server_name, plan.port);
  for (const std::string& field : plan.fields) text += field + "\r\n";
  return text + "\r\n";
}

nanoseconds to_ns(std::chrono::duration<double> time) {
  return duration_cast<nanoseconds>(time);
}

}  // namespace

Load::Load(const Plan& plan, const TlsContext& tls, std::vector<std::string> requests)
    : plan_(plan), epoll_(epoll_create1(EPOLL_CLOEXEC)), requests_(std::move(requests)) {
  std::size_t number = plan.path.find("{n}");
  before_ = plan.method + " " + plan.path.substr(0, number);
  after_ = (number == std::string::npos ? "" : plan.path.substr(number + 3)) + fields_of(plan);
  request_ = before_ + after_;
  for (unsigned i = 0; i < plan.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(tls, plan));
    to_open_.push_back(i);
  }
}

Load::~Load() {
  connections_.clear();
  ::close(epoll_);
}

void Load::fail(Error error) {
  if (!failed_) failed_ = std::move(error);
}

Result<Report> Load::run() {
  now_ = started_ = steady_clock::now();
  while (phase_ != Phase::Over && !failed_) {
    open_more();
    if (plan_.mode == Plan::Mode::Open) send_due();
    if (plan_.drip.count() > 0) drip();
    wait_for_events();
    change_phase();
  }
  if (failed_) return std::unexpected(*failed_);
  return std::move(report_);
}

void Load::wait_for_events() {
  constexpr int most_events = 256;
  std::array<epoll_event, most_events> events;
  nanoseconds wait = until_next_work();
  timespec time{.tv_sec = 0, .tv_nsec = wait.count()};
  int count = epoll_pwait2(epoll_, events.data(), most_events, &time, nullptr);
  for (int i = 0; i < count; ++i) {
    std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
    Step before = connections_[index]->step();
    take(index, before, connections_[index]->on_event());
  }
  now_ = steady_clock::now();
}

nanoseconds Load::until_next_work() const {
  nanoseconds wait = plan_.drip.count() > 0 ? drip_wait : longest_wait;
  if (phase_ == Phase::Measuring) wait = std::min(wait, nanoseconds(ends_ - now_));
  if (phase_ == Phase::WarmUp && plan_.mode != Plan::Mode::Hold)
    wait = std::min(wait, started_ + to_ns(plan_.warmup) - now_);
  if (plan_.mode == Plan::Mode::Open && phase_ != Phase::Draining) {
    TimePoint due = started_ + to_ns(std::chrono::duration<double>(static_cast<double>(dues_) / plan_.rate));
    wait = std::min(wait, nanoseconds(due - now_));
  }
  return std::max(wait, nanoseconds(0));
}

void Load::change_phase() {
  bool hold = plan_.mode == Plan::Mode::Hold;
  if (phase_ == Phase::WarmUp) {
    if (hold && now_ - started_ > opening_time)
      fail({"LOAD", Fault::Us, Retry::Never, "the connections were not all open in time"});
    if (hold ? all_held() : now_ - started_ >= to_ns(plan_.warmup)) begin_measuring();
  } else if (phase_ == Phase::Measuring) {
    if (now_ >= ends_ || report_.answered >= plan_.requests) end_measuring();
  } else if (!busy() || now_ - ends_ > drain_time) {
    report_.unfinished = asking_ + backlog_.size();
    phase_ = Phase::Over;
  }
  if (report_.errors >= most_errors || backlog_.size() > longest_backlog) {
    fail({"LOAD", Fault::Us, Retry::Never,
          report_.errors >= most_errors ? fmt::format("too many errors; the first: {}", report_.first_error)
                                        : "the server is far too slow for this rate"});
  }
}

// Those that drip are refused and opened again all the time: each has been open once.
bool Load::all_held() const {
  if (plan_.drip.count() > 0) return report_.handshakes >= connections_.size();
  return to_open_.empty() && opening_ == 0 && asking_ == 0;
}

bool Load::busy() const {
  if (plan_.mode == Plan::Mode::Hold) return false;
  return asking_ > 0 || !backlog_.empty() || (plan_.mode == Plan::Mode::Handshake && opening_ > 0);
}

void Load::begin_measuring() {
  Result<nanoseconds> watched = run_time(plan_.watched);
  if (!watched) return fail(watched.error());
  watched_before_ = *watched;
  began_ = now_ = steady_clock::now();
  ends_ = began_ + to_ns(plan_.time);
  phase_ = Phase::Measuring;
  if (plan_.mode != Plan::Mode::Hold) return;
  fmt::print("{{\"holding\":{}}}\n", connections_.size());
  std::fflush(stdout);
}

void Load::end_measuring() {
  Result<nanoseconds> watched = run_time(plan_.watched);
  if (!watched) return fail(watched.error());
  report_.watched = *watched - watched_before_;
  report_.time = now_ - began_;
  ends_ = now_;
  report_.held = static_cast<std::uint64_t>(
      std::ranges::count_if(connections_, [](const auto& c) { return c->step() != Step::Closed; }));
  phase_ = Phase::Draining;
}

}  // namespace hubward::bench
