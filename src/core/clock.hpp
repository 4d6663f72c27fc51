// SPDX-License-Identifier: Apache-2.0
// Where time comes from. Wall time (`now`) is for what is stored, shown or compared with HubSpot's stamps;
// steady time
// (`steady`) is for measuring and waiting and never jumps. Implementations are safe to call from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubward {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyPoint = std::chrono::steady_clock::time_point;

inline std::int64_t to_millis(TimePoint time) {
  return time.time_since_epoch().count();
}
inline TimePoint from_millis(std::int64_t millis) {
  return TimePoint(std::chrono::milliseconds(millis));
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual SteadyPoint steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  SteadyPoint steady() const override { return std::chrono::steady_clock::now(); }
};

// A clock that tests move by hand. `advance` moves both times; `jump` moves only the wall, as an operator or
// NTP would.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = from_millis(1'800'000'000'000)) : wall_(to_millis(start)) {}
  TimePoint now() const override { return from_millis(wall_.load()); }
  SteadyPoint steady() const override { return SteadyPoint(std::chrono::milliseconds(steady_.load())); }
  void advance(std::chrono::milliseconds by) {
    wall_ += by.count();
    steady_ += by.count();
  }
  void jump(std::chrono::milliseconds by) { wall_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> steady_{1'000'000};
};

// "2026-01-01T00:00:00.000Z", as HubSpot and the journal write it (RFC 3339 section 5.6, UTC, milliseconds).
std::string to_iso8601(TimePoint time);
// Reads such a time, or a date alone ("2026-01-01": its first moment). A fraction of a second may have one to
// nine digits, or none; what is below a millisecond is cut off. Nothing when it is anything else.
std::optional<TimePoint> from_iso8601(std::string_view text);

}  // namespace hubward
