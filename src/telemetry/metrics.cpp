// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.hpp"

#include <prometheus/check_names.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "core/invariant.hpp"

namespace hubward::telemetry {

namespace {

// Seconds. From a call that never left the machine to the longest wait that we allow.
const prometheus::Histogram::BucketBoundaries latency_buckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

using LabelMap = std::map<std::string, std::string>;

struct KnownFamily {
  enum class Kind { Counter, Gauge, Histogram };
  Kind kind;
  std::string help;
  std::set<LabelMap> series;
};

bool same_names(const LabelMap& a, const LabelMap& b) {
  return std::ranges::equal(a, b, {}, &LabelMap::value_type::first, &LabelMap::value_type::first);
}

}  // namespace

struct Metrics::State {
  // Answers the labels to use: those given, or "other" for all when the family is full.
  LabelMap admit(KnownFamily::Kind kind, std::string_view name, std::string_view help, Labels labels) {
    invariant(prometheus::CheckMetricName(std::string(name)), "a metric has a name that Prometheus takes");
    LabelMap wanted;
    for (Label& label : labels) {
      invariant(prometheus::CheckLabelName(label.first), "a label has a name that Prometheus takes");
      wanted.insert(std::move(label));
    }
    invariant(wanted.size() == labels.size(), "a label is given once");
    auto [known, is_new] = families.try_emplace(std::string(name), KnownFamily{kind, std::string(help), {}});
    KnownFamily& family = known->second;
    invariant(family.kind == kind && family.help == help, "a metric has one kind and one help text");
    invariant(family.series.empty() || same_names(*family.series.begin(), wanted),
              "a metric has one set of labels");
    if (!family.series.contains(wanted) && family.series.size() >= max_series_per_family)
      for (auto& [label, value] : wanted) value = "other";
    family.series.insert(wanted);
    return wanted;
  }

  prometheus::Registry registry;

  std::mutex mutex;  // guards what follows
  std::map<std::string, KnownFamily, std::less<>> families;
};

void Counter::add(double amount) const {
  cell_->Increment(amount);
}

void Gauge::set(double value) const {
  cell_->Set(value);
}

void Gauge::add(double amount) const {
  cell_->Increment(amount);
}

void Histogram::observe(std::chrono::nanoseconds duration) const {
  cell_->Observe(std::chrono::duration<double>(duration).count());
}

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  std::scoped_lock lock(state_->mutex);
  LabelMap admitted = state_->admit(KnownFamily::Kind::Counter, name, help, std::move(labels));
  auto& family =
      prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(state_->registry);
  return Counter(family.Add(admitted));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  std::scoped_lock lock(state_->mutex);
  LabelMap admitted = state_->admit(KnownFamily::Kind::Gauge, name, help, std::move(labels));
  auto& family =
      prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(state_->registry);
  return Gauge(family.Add(admitted));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, Labels labels) {
  std::scoped_lock lock(state_->mutex);
  LabelMap admitted = state_->admit(KnownFamily::Kind::Histogram, name, help, std::move(labels));
  auto& family =
      prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(state_->registry);
  return Histogram(family.Add(admitted, latency_buckets));
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (prometheus::MetricFamily& family : families)
    std::ranges::sort(family.metric, {}, [](const prometheus::ClientMetric& metric) {
      std::vector<Label> labels;
      for (const auto& label : metric.label) labels.emplace_back(label.name, label.value);
      return labels;
    });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace hubward::telemetry
