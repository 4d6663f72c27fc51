// SPDX-License-Identifier: Apache-2.0
// Puts a plan's load on a server and measures. One thread, one epoll, and an end whatever the server does:
// opening, warm-up, measuring and draining each have a bound. A resource; run() once.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bench/connection.hpp"
#include "bench/plan.hpp"
#include "bench/report.hpp"

namespace hubward::bench {

class Load {
 public:
  // `requests`: those of the plan's file, or none. When they are used up before the time is over, the run
  // fails.
  Load(const Plan& plan, const TlsContext& tls, std::vector<std::string> requests = {});
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  Result<Report> run();

 private:
  enum class Phase { WarmUp, Measuring, Draining, Over };
  using News = Connection::News;
  using Step = Connection::Step;

  // load.cpp: the loop and its phases.
  void wait_for_events();
  std::chrono::nanoseconds until_next_work() const;
  void change_phase();
  void begin_measuring();
  void end_measuring();
  bool all_held() const;
  bool busy() const;
  void fail(Error error);

  // load_requests.cpp: what the connections do.
  void open_more();
  void open(std::size_t index);
  void take(std::size_t index, Step before, News news);
  void lost(std::size_t index, Step before);
  void answered(std::size_t index);
  void ready(std::size_t index);
  void ask(std::size_t index, std::string_view request, TimePoint due);
  void send_due();
  void drip();
  void drip_on(std::size_t index);
  std::string_view request_text();
  Cut next_cut();

  const Plan& plan_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<std::size_t> to_open_;
  std::size_t opening_ = 0, asking_ = 0;
  std::string before_, after_, request_;  // the request's text around its number, and whole
  std::vector<std::string> requests_;     // each to be sent once
  std::size_t next_request_ = 0;
  std::deque<std::size_t> free_;   // Mode::Open: connections that wait for a request
  std::deque<TimePoint> backlog_;  // Mode::Open: requests that wait for a connection
  std::uint64_t dues_ = 0;         // Mode::Open: requests that have been due
  std::size_t dripped_ = 0;        // Mode::Hold: bytes of all, so far
  std::mt19937_64 random_;         // always the same sequence: runs can be compared

  Phase phase_ = Phase::WarmUp;
  TimePoint now_, started_, began_, ends_;
  std::chrono::nanoseconds watched_before_{0};
  Report report_;
  std::optional<Error> failed_;
};

// What a plan's file holds: for each request its length in decimal, a line feed, and its bytes.
Result<std::vector<std::string>> read_requests(std::string_view text);

}  // namespace hubward::bench
