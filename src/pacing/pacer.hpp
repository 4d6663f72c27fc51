// SPDX-License-Identifier: Apache-2.0
// Keeps each app in each account inside HubSpot's limits (hubspot.md section 5): a call goes at once when
// there is room, waits in line where waiting helps, and is told at once where it does not. Which limits a
// call counts against follows from its operation:
//
//   searches                            the account's second, for all apps together
//   the associations API                ten seconds of its own, for each app
//   submissions of forms                ten seconds of their own
//   what the catalogue calls exempt     none
//   everything else                     the app's ten seconds
//   and with a static token, besides    the account's day
//
// One loop; everything here happens on it, so nothing locks.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "core/named.hpp"
#include "core/result.hpp"
#include "hubspot/catalogue.hpp"
#include "hubspot/error_envelope.hpp"
#include "hubspot/limits.hpp"
#include "pacing/budget.hpp"
#include "pacing/day.hpp"
#include "pacing/fair_queue.hpp"

namespace hubward::telemetry {
class Metrics;
}

namespace hubward::pacing {

struct Settings {
  std::chrono::milliseconds wait{10'000};  // of a call that does not say how long it may
  std::chrono::milliseconds longest_wait{60'000};
  std::size_t longest_line = 1'000;  // calls that wait for one budget
  std::uint32_t searches_per_second = hubspot::search_limit.calls;
  std::uint32_t day_reserve_percent = 10;  // of the day, kept from bulk; half of it from normal calls
};

enum class AppKind : std::uint8_t { Oauth, Static };

// A call that wants to go.
struct Ask {
  AppName app;
  HubId account;
  AppKind kind = AppKind::Oauth;
  const hubspot::Operation* operation = nullptr;
  ClientName client;
  Priority priority = Priority::Normal;
  std::uint32_t weight = 1;
  SteadyPoint deadline;  // it goes by then or not at all
  // Whether whoever waits for the answer is still there; empty: always.
  std::function<bool()> caller_is_there = {};
};

// Leave for one call to be sent once. Whoever holds it says what came of it; one that is dropped without a
// word was for a call whose fate nobody knows. May outlive the Pacer.
class Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&& other) noexcept;
  ~Permit();

  // HubSpot answered, other than with 429.
  void answered(const hubspot::LimitFields& told);
  // HubSpot answered 429; `kind` is DailyLimit, SecondlyLimit or TenSecondlyLimit.
  void refused(hubspot::HubSpotError::Kind kind, const hubspot::LimitFields& told);
  void unsent();

  std::chrono::nanoseconds waited() const { return waited_; }

 private:
  friend class Pacer;
  struct Desk;
  template <class Tell>
  void settle(Tell tell);
  void hear_of_day(const hubspot::LimitFields& told);

  std::shared_ptr<Desk> desk_;  // null: nothing is owed
  // By kind of line (Desk): where a place is taken.
  static constexpr std::size_t kinds = 4;
  std::array<std::optional<Budget::Place>, kinds> places_;
  std::optional<std::uint64_t> of_day_;
  std::chrono::nanoseconds waited_{0};
};

// Why a call may not go. Codes: NO_ROOM and NO_SEARCH_ROOM (not before its deadline), LINE_FULL,
// DAY_USED_UP, CALLER_WENT_AWAY.
struct Refusal {
  Error error;
  std::chrono::milliseconds retry_after{0};
};

class Pacer {
 public:
  // Everything outlives the Pacer.
  Pacer(Loop& loop, const Clock& clock, telemetry::Metrics& metrics, Settings settings);
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  Async<std::expected<Permit, Refusal>> admit(Ask ask);

  const Settings& settings() const;
  void set(Settings settings);  // what waits goes on as it was
  // Looks at the clock again at once, for tests that move it.
  void wake();

  // What is known of each app in each account that was called lately, by name and number.
  struct View {
    AppName app;
    HubId account;
    AppKind kind = AppKind::Oauth;
    Budget::View ten_seconds, search;
    std::size_t waiting = 0;  // for any of its budgets but the search's, which the account shares
    std::size_t searches_waiting = 0;
    std::optional<Day::View> day;
  };
  std::vector<View> list() const;

 private:
  friend class Permit;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hubward::pacing
