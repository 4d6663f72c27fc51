// SPDX-License-Identifier: Apache-2.0
// The figures that calls leave behind, with handles that are looked up once. Labels are small closed sets:
// status classes, our own error codes; never a client's or a path's name. Any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "telemetry/metrics.hpp"

namespace hubward::gateway {

class CallMetrics {
 public:
  explicit CallMetrics(telemetry::Metrics& metrics);

  void answered(int status, std::chrono::nanoseconds whole);
  void refused(std::string_view code);  // one of our own error codes
  void upstream_answered(int status, std::chrono::nanoseconds wait);
  void upstream_failed(std::string_view code);
  void renewed_and_repeated() { repeated_.add(); }
  void sent_again() { sent_again_.add(); }
  void unrecorded() { unrecorded_.add(); }

 private:
  telemetry::Counter by_code(std::string_view family, std::string_view help, std::string_view code);

  telemetry::Metrics& metrics_;
  telemetry::Counter classes_[6];  // calls by status class; [0] is what fits none
  telemetry::Counter upstream_classes_[6];
  telemetry::Histogram whole_;
  telemetry::Histogram upstream_wait_;
  telemetry::Counter repeated_;
  telemetry::Counter sent_again_;
  telemetry::Counter unrecorded_;
  std::mutex mutex_;
  std::map<std::string, telemetry::Counter, std::less<>> codes_;
};

}  // namespace hubward::gateway
