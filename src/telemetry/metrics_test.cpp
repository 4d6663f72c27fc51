// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <vector>

using namespace hubward::telemetry;
using namespace std::chrono_literals;

TEST_CASE("the text is Prometheus' exposition format, families by name and series by labels") {
  Metrics metrics;
  metrics.gauge("hubward_queue", "Waiting records.").set(3);
  Counter refused =
      metrics.counter("hubward_calls_total", "Calls.", {{"connection", "b"}, {"status", "4xx"}});
  Counter done =
      metrics.counter("hubward_calls_total", "Calls.", {{"status", "2xx"}, {"connection", "a\"\n"}});
  refused.add();
  done.add(2);
  metrics.counter("hubward_calls_total", "Calls.", {{"connection", "b"}, {"status", "4xx"}}).add();
  Histogram latency = metrics.histogram("hubward_latency_seconds", "Time at HubSpot.");
  latency.observe(2ms);
  latency.observe(61s);
  CHECK(metrics.text() ==
        "# HELP hubward_calls_total Calls.\n"
        "# TYPE hubward_calls_total counter\n"
        "hubward_calls_total{connection=\"a\\\"\\n\",status=\"2xx\"} 2\n"
        "hubward_calls_total{connection=\"b\",status=\"4xx\"} 2\n"
        "# HELP hubward_latency_seconds Time at HubSpot.\n"
        "# TYPE hubward_latency_seconds histogram\n"
        "hubward_latency_seconds_count 2\n"
        "hubward_latency_seconds_sum 61.002\n"
        "hubward_latency_seconds_bucket{le=\"0.001\"} 0\n"
        "hubward_latency_seconds_bucket{le=\"0.0025\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.005\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.01\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.025\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.05\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.1\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.25\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"0.5\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"1\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"2.5\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"5\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"10\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"30\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"60\"} 1\n"
        "hubward_latency_seconds_bucket{le=\"+Inf\"} 2\n"
        "# HELP hubward_queue Waiting records.\n"
        "# TYPE hubward_queue gauge\n"
        "hubward_queue 3\n");
}

TEST_CASE("a family that is full counts further labels as other") {
  Metrics metrics;
  for (std::size_t i = 0; i < max_series_per_family + 10; ++i)
    metrics.counter("calls_total", "Calls.", {{"client", std::to_string(i)}}).add();
  std::string text = metrics.text();
  CHECK(text.find("calls_total{client=\"other\"} 10\n") != std::string::npos);
  CHECK(static_cast<std::size_t>(std::ranges::count(text, '\n')) == 2 + max_series_per_family + 1);
}

TEST_CASE("threads count together") {
  Metrics metrics;
  Counter calls = metrics.counter("calls_total", "Calls.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([calls] {
      for (int n = 0; n < 1000; ++n) calls.add();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(metrics.text().find("calls_total 4000\n") != std::string::npos);
}
