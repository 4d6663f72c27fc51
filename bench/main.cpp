// SPDX-License-Identifier: Apache-2.0
// hubward-load: puts load on a gateway of this machine and measures (--help).
#include <fmt/core.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include "bench/load.hpp"

namespace hubward::bench {
namespace {

constexpr int wrong_use = 2, failed = 1;

int complain(const Error& error) {
  fmt::print(stderr, "hubward-load: {}\n", error.message);
  return error.code == "USAGE" ? wrong_use : failed;
}

// As many descriptors as the machine lets us have.
Result<void> allow_connections(unsigned count) {
  constexpr rlim_t others = 64;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (count + others <= limit.rlim_cur) return {};
  return invalid("USAGE",
                 fmt::format("this machine allows {} open files, too few for {} connections (ulimit -Hn)",
                             limit.rlim_cur, count));
}

Result<std::vector<std::string>> requests_of(const Plan& plan) {
  if (plan.requests_file.empty()) return {};
  std::ifstream file(plan.requests_file, std::ios::binary);
  if (!file) return invalid("USAGE", plan.requests_file + " cannot be read");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return read_requests(text);
}

int run(const Plan& plan) {
  if (Result<void> allowed = allow_connections(plan.connections); !allowed) return complain(allowed.error());
  Result<TlsContext> tls = TlsContext::trusting(plan.ca_file, plan.server_name);
  if (!tls) return complain(tls.error());
  Result<std::vector<std::string>> requests = requests_of(plan);
  if (!requests) return complain(requests.error());
  Load load(plan, *tls, std::move(*requests));
  Result<Report> report = load.run();
  if (!report) return complain(report.error());
  fmt::print("{}\n", report->json());
  return report->valid() ? 0 : failed;
}

}  // namespace
}  // namespace hubward::bench

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  auto plan = hubward::bench::parse_plan({words + 1, static_cast<std::size_t>(count - 1)});
  if (!plan) return hubward::bench::complain(plan.error());
  if (plan->help) {
    fmt::print("{}", hubward::bench::usage_text);
    return 0;
  }
  return hubward::bench::run(*plan);
}
