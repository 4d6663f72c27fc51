// SPDX-License-Identifier: Apache-2.0
// What a load does with its connections.
#include <fmt/core.h>
#include <sys/epoll.h>

#include <algorithm>

#include "bench/load.hpp"

#include "core/ascii.hpp"

namespace hubward::bench {
namespace {

using std::chrono::steady_clock;

// Handshakes under way at once while connections are opened to be held: a flood is another test.
constexpr std::size_t most_opening = 64;

}  // namespace

void Load::open_more() {
  if (phase_ == Phase::Draining) return;
  std::size_t at_once = plan_.mode == Plan::Mode::Hold ? most_opening : connections_.size();
  for (std::size_t tries = to_open_.size(); tries > 0 && opening_ < at_once; --tries) {
    std::size_t index = to_open_.front();
    to_open_.pop_front();
    open(index);
  }
}

void Load::open(std::size_t index) {
  Connection& connection = *connections_[index];
  News news = connection.open();
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = index}};
  if (news == News::Nothing && epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event) != 0)
    fail({"LOAD", Fault::Us, Retry::Never, "epoll does not take a socket"});
  take(index, Step::Closed, news);
}

// `before` is the connection's step before what is the news now.
void Load::take(std::size_t index, Step before, News news) {
  Step now = connections_[index]->step();
  if (before == Step::Shaking) --opening_;
  if (before == Step::Asking) --asking_;
  if (now == Step::Shaking) ++opening_;
  if (now == Step::Asking) ++asking_;
  switch (news) {
    case News::Nothing: return;
    case News::Ready:
      ++report_.handshakes;
      report_.resumed += connections_[index]->resumed() ? 1 : 0;
      return ready(index);
    case News::Answered: return answered(index);
    case News::WasCut: ++report_.cut; break;
    case News::Ended: ++report_.reopened; break;
    case News::Lost: lost(index, before); break;
  }
  std::erase(free_, index);
  bool held_once = plan_.mode == Plan::Mode::Hold && plan_.drip.count() == 0;
  if (!held_once) to_open_.push_back(index);
}

void Load::lost(std::size_t index, Step before) {
  bool refused_drip = plan_.drip.count() > 0 && (before == Step::Free || before == Step::Asking);
  if (refused_drip) {
    ++report_.reopened;
  } else {
    report_.note_error(connections_[index]->trouble());
  }
}

void Load::answered(std::size_t index) {
  Connection& connection = *connections_[index];
  if (phase_ == Phase::Measuring) {
    ++report_.answered;
    report_.bytes += connection.bytes();
  }
  bool good = plan_.status == 0 ? connection.status() / 100 == 2 : connection.status() == plan_.status;
  if (!good && plan_.drip.count() == 0) {
    if (report_.bad_status++ == 0) report_.first_error = fmt::format("status {}", connection.status());
  }
  if (phase_ != Phase::WarmUp && connection.due() >= began_ && connection.due() < ends_)
    report_.latencies.record(steady_clock::now() - connection.due());
  if (connection.server_closes() || plan_.mode == Plan::Mode::Handshake) {
    report_.reopened += connection.server_closes() ? 1 : 0;
    connection.close();
    to_open_.push_back(index);
  } else if (plan_.mode != Plan::Mode::Hold) {
    ready(index);
  }
}

void Load::ready(std::size_t index) {
  switch (plan_.mode) {
    case Plan::Mode::Closed:
      if (phase_ != Phase::Draining) ask(index, request_text(), steady_clock::now());
      break;
    case Plan::Mode::Open: free_.push_back(index); break;
    case Plan::Mode::Handshake: ask(index, request_text(), connections_[index]->opened()); break;
    case Plan::Mode::Hold:
      if (plan_.drip.count() == 0) ask(index, request_text(), steady_clock::now());
      break;
  }
}

void Load::ask(std::size_t index, std::string_view request, TimePoint due) {
  take(index, Step::Free, connections_[index]->ask(request, due, next_cut()));
}

// A request is due at its own time, whether or not the ones before it have been answered.
void Load::send_due() {
  auto due_at = [this](std::uint64_t number) {
    std::chrono::duration<double> since(static_cast<double>(number) / plan_.rate);
    return started_ + std::chrono::duration_cast<std::chrono::nanoseconds>(since);
  };
  now_ = steady_clock::now();
  while (phase_ != Phase::Draining && due_at(dues_) <= now_) backlog_.push_back(due_at(dues_++));
  while (!backlog_.empty() && !free_.empty()) {
    std::size_t index = free_.front();
    TimePoint due = backlog_.front();
    free_.pop_front();
    backlog_.pop_front();
    ask(index, request_text(), due);
  }
}

// Every connection gets its next byte once in each interval, one after the other.
void Load::drip() {
  if (phase_ == Phase::Draining) return;
  double intervals =
      std::chrono::duration<double>(now_ - started_) / std::chrono::duration<double>(plan_.drip);
  auto wanted = static_cast<std::size_t>(intervals * static_cast<double>(connections_.size()));
  while (dripped_ < wanted) drip_on(dripped_++ % connections_.size());
}

void Load::drip_on(std::size_t index) {
  Connection& connection = *connections_[index];
  if (connection.step() != Step::Free) return;
  const std::string& request = request_;
  News sent = connection.send_part(std::string_view(request).substr(connection.dripped++, 1));
  if (sent == News::Nothing && connection.dripped >= request.size()) {
    connection.dripped = 0;
    sent = connection.ask("", now_, Cut::Nowhere);
  }
  take(index, Step::Free, sent);
}

std::string_view Load::request_text() {
  if (!requests_.empty()) {
    if (next_request_ < requests_.size()) return requests_[next_request_++];
    fail(invalid("USAGE", fmt::format("all {} requests of the file were sent before the time was over",
                                      requests_.size()))
             .error());
    return requests_.back();
  }
  if (plan_.numbers == 0) return request_;
  request_ = before_ + std::to_string(plan_.first + random_() % plan_.numbers) + after_;
  return request_;
}

Cut Load::next_cut() {
  constexpr double scale = 1.0 / 18446744073709551616.0;  // 2^-64
  if (plan_.abort_share == 0 || static_cast<double>(random_()) * scale >= plan_.abort_share)
    return Cut::Nowhere;
  constexpr Cut places[] = {Cut::InRequest, Cut::BeforeAnswer, Cut::InAnswer};
  return places[random_() % 3];
}

Result<std::vector<std::string>> read_requests(std::string_view text) {
  std::vector<std::string> requests;
  while (!text.empty()) {
    std::size_t line = text.find('\n');
    auto length = line == std::string_view::npos ? std::nullopt : to_number(text.substr(0, line));
    if (!length || *length == 0 || *length > text.size() - line - 1)
      return invalid("USAGE", fmt::format("request {} of the file has no length before it, or is cut short",
                                          requests.size() + 1));
    requests.emplace_back(text.substr(line + 1, *length));
    text.remove_prefix(line + 1 + *length);
  }
  if (requests.empty()) return invalid("USAGE", "the file of requests is empty");
  return requests;
}

}  // namespace hubward::bench
