// SPDX-License-Identifier: Apache-2.0
#include "webhooks/delivery_plan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/ascii.hpp"

namespace hubward::webhooks {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double jitter = 0.2;

milliseconds wait_after(std::uint32_t attempts, double chance) {
  constexpr std::uint32_t most_doublings = 20;
  std::uint32_t doublings = std::min(std::max(attempts, 1U) - 1, most_doublings);
  milliseconds wait = std::min<milliseconds>(first_wait * (1LL << doublings), longest_wait);
  double factor = 1 + jitter * (2 * std::clamp(chance, 0.0, 1.0) - 1);
  return duration_cast<milliseconds>(wait * factor);
}

std::string cause_of(const AttemptOutcome& outcome) {
  if (outcome.status == 0) return outcome.trouble;
  std::string cause = "answered " + std::to_string(outcome.status);
  if (outcome.status >= 300 && outcome.status <= 399) cause += ", and redirects are not followed";
  return cause;
}

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text) {
  auto number = to_number(text);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may be generated (RFC 9110 section 5.6.7).
std::optional<TimePoint> read_http_date(std::string_view text) {
  constexpr std::string_view shape = "ddd, 00 mmm 0000 00:00:00 GMT";
  if (text.size() != shape.size() || !text.ends_with(" GMT") || text.substr(3, 2) != ", ")
    return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  auto month = std::ranges::find(months, text.substr(8, 3));
  auto day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4));
  auto hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2)),
       second = digits(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

}  // namespace

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

DeliveryDecision decide(const AttemptOutcome& outcome, const DeliveryProgress& progress, double chance,
                        TimePoint now) {
  using What = DeliveryDecision::What;
  if (is_success(outcome.status)) return {};
  std::string cause = cause_of(outcome);
  if (outcome.status == 410) return {What::Gone, {}, std::move(cause)};
  milliseconds wait = wait_after(progress.attempts, chance);
  if (outcome.retry_after) {
    seconds asked = std::clamp<seconds>(*outcome.retry_after, seconds(0), longest_retry_after);
    wait = std::max<milliseconds>(wait, asked);
  }
  if (now + wait > progress.first + tried_for) return {What::Dead, {}, std::move(cause)};
  return {What::Again, now + wait, std::move(cause)};
}

bool blames_destination(const AttemptOutcome& outcome) {
  if (is_success(outcome.status)) return false;
  if (outcome.status < 400 || outcome.status >= 500) return true;
  constexpr std::array about_destination = {401, 403, 404, 407, 408, 410, 421, 425, 429};
  return std::ranges::find(about_destination, outcome.status) != about_destination.end();
}

std::optional<seconds> read_retry_after(std::string_view value, TimePoint now) {
  value = trimmed(value);
  constexpr std::uint64_t most = 10ULL * 365 * 86'400;
  if (auto number = to_number(value)) return seconds(static_cast<std::int64_t>(std::min(*number, most)));
  std::optional<TimePoint> date = read_http_date(value);
  if (!date) return std::nullopt;
  return std::max(seconds(0), std::chrono::ceil<seconds>(*date - now));
}

}  // namespace hubward::webhooks
