// SPDX-License-Identifier: Apache-2.0
#include "gateway/call_metrics.hpp"

namespace hubward::gateway {
namespace {

constexpr std::string_view calls_help = "Calls answered, by class of status";
constexpr std::string_view upstream_help = "Answers of HubSpot, by class of status";

telemetry::Counter of_class(telemetry::Metrics& metrics, std::string_view family, std::string_view help,
                            int hundred) {
  return metrics.counter(family, help, {{"status", hundred == 0 ? "none" : std::to_string(hundred) + "xx"}});
}

std::size_t class_of(int status) {
  return status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : 0;
}

}  // namespace

CallMetrics::CallMetrics(telemetry::Metrics& metrics)
    : metrics_(metrics),
      classes_{of_class(metrics, "hubward_calls_total", calls_help, 0),
               of_class(metrics, "hubward_calls_total", calls_help, 1),
               of_class(metrics, "hubward_calls_total", calls_help, 2),
               of_class(metrics, "hubward_calls_total", calls_help, 3),
               of_class(metrics, "hubward_calls_total", calls_help, 4),
               of_class(metrics, "hubward_calls_total", calls_help, 5)},
      upstream_classes_{of_class(metrics, "hubward_upstream_answers_total", upstream_help, 0),
                        of_class(metrics, "hubward_upstream_answers_total", upstream_help, 1),
                        of_class(metrics, "hubward_upstream_answers_total", upstream_help, 2),
                        of_class(metrics, "hubward_upstream_answers_total", upstream_help, 3),
                        of_class(metrics, "hubward_upstream_answers_total", upstream_help, 4),
                        of_class(metrics, "hubward_upstream_answers_total", upstream_help, 5)},
      whole_(metrics.histogram("hubward_call_seconds", "From a call's arrival to the end of its answer")),
      upstream_wait_(metrics.histogram("hubward_upstream_seconds",
                                       "From sending a call to the head of HubSpot's answer")),
      repeated_(metrics.counter("hubward_calls_repeated_total",
                                "Calls sent again after HubSpot called the token expired")),
      sent_again_(metrics.counter("hubward_calls_sent_again_total",
                                  "Calls sent again after HubSpot failed or refused them")),
      unrecorded_(
          metrics.counter("hubward_calls_unrecorded_total", "Calls whose record the journal did not take")) {}

void CallMetrics::answered(int status, std::chrono::nanoseconds whole) {
  classes_[class_of(status)].add();
  whole_.observe(whole);
}

void CallMetrics::refused(std::string_view code) {
  by_code("hubward_refusals_total", "Calls that the gateway itself refused or could not make, by reason",
          code)
      .add();
}

void CallMetrics::upstream_answered(int status, std::chrono::nanoseconds wait) {
  upstream_classes_[class_of(status)].add();
  upstream_wait_.observe(wait);
}

void CallMetrics::upstream_failed(std::string_view code) {
  by_code("hubward_upstream_failures_total", "Calls to which HubSpot gave no whole answer, by reason", code)
      .add();
}

telemetry::Counter CallMetrics::by_code(std::string_view family, std::string_view help,
                                        std::string_view code) {
  std::string key = std::string(family).append(" ").append(code);
  std::scoped_lock lock(mutex_);
  auto found = codes_.find(key);
  if (found == codes_.end())
    found =
        codes_.emplace(std::move(key), metrics_.counter(family, help, {{"reason", std::string(code)}})).first;
  return found->second;
}

}  // namespace hubward::gateway
