// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and latencies, shown in the Prometheus text format. A handle is a pointer: cheap to copy,
// safe from any thread, valid while its Metrics lives. Asking for a handle takes a lock and a look-up: ask
// once per connection or operation and keep it.
//
// Labels come from us or from configuration, never from a caller. A family keeps at most
// `max_series_per_family` sets of labels; further ones share a series whose label values are all "other".
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace hubward::telemetry {

constexpr std::size_t max_series_per_family = 2000;

class Counter {
 public:
  void add(double amount = 1) const;  // never negative

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& cell) : cell_(&cell) {}
  prometheus::Counter* cell_;
};

class Gauge {
 public:
  void set(double value) const;
  void add(double amount) const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& cell) : cell_(&cell) {}
  prometheus::Gauge* cell_;
};

// Durations, in seconds.
class Histogram {
 public:
  void observe(std::chrono::nanoseconds duration) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& cell) : cell_(&cell) {}
  prometheus::Histogram* cell_;
};

class Metrics {
 public:
  using Label = std::pair<std::string, std::string>;
  using Labels = std::vector<Label>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `name` as Prometheus wants it ("hubward_calls_total"), with one kind, help and set of label names
  // everywhere: anything else is a bug and aborts.
  Counter counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge gauge(std::string_view name, std::string_view help, Labels labels = {});
  // Buckets from 1 ms to 60 s.
  Histogram histogram(std::string_view name, std::string_view help, Labels labels = {});

  // Everything, in the Prometheus text exposition format (version 0.0.4), families by name, series by labels.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubward::telemetry
