// SPDX-License-Identifier: Apache-2.0
#include "sandbox/limits.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hubward::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t search_per_second = 5;
constexpr std::int64_t oauth_ten_seconds = 110;
constexpr auto window = 10s;
constexpr std::int64_t unlimited = 1'000'000'000;

std::int64_t day_of(const Account& account, TimePoint now) {
  auto local = now + std::chrono::minutes(account.utc_offset_minutes);
  return std::chrono::floor<std::chrono::days>(local).time_since_epoch().count();
}

void forget_before(std::deque<TimePoint>& calls, TimePoint start) {
  while (!calls.empty() && calls.front() <= start) calls.pop_front();
}

AccountUsage& today(World& world, const Account& account) {
  AccountUsage& usage = world.account_usage[account.hub_id];
  std::int64_t day = day_of(account, world.now());
  if (usage.day != day) usage = {{}, day, 0};
  return usage;
}

Problem limited(World& world, std::string_view policy, std::string_view words, Json more) {
  Problem problem{429, fmt::format("You have reached your {} limit.", words), ""};
  problem.more = Json::object({{"errorType", "RATE_LIMIT"}, {"policyName", policy}});
  for (auto& [name, value] : more.members()) problem.more.set(name, std::move(value));
  if (world.settings.retry_after) problem.fields.emplace_back("Retry-After", "1");
  return problem;
}

// What others did with the same token since anybody looked. They take what is there, and are refused like
// anybody else.
void let_others_spend(World& world, Usage& usage, std::int64_t limit) {
  if (usage.others == 0) return;
  auto mean = std::chrono::duration<double, std::milli>(window) / static_cast<double>(usage.others);
  usage.next_of_others = std::max(usage.next_of_others, world.now() - window);
  while (usage.next_of_others <= world.now()) {
    forget_before(usage.ten_seconds, usage.next_of_others - window);
    if (std::ssize(usage.ten_seconds) < limit) usage.ten_seconds.push_back(usage.next_of_others);
    usage.next_of_others += std::chrono::ceil<std::chrono::milliseconds>(2 * world.chance() * mean);
  }
}

bool is_static(const App& app) {
  return app.kind != "oauth";
}

}  // namespace

Allowance allowance_of(const Account& account, const App& app) {
  bool small = account.tier == "free" || account.tier == "starter";
  bool enterprise = account.tier == "enterprise";
  Allowance allowed;
  allowed.daily = (small        ? 250'000
                   : enterprise ? 1'000'000
                                : 625'000) +
                  1'000'000 * std::int64_t{std::clamp(account.limit_increases, 0, 2)};
  allowed.ten_seconds = !is_static(app)               ? oauth_ten_seconds
                        : account.limit_increases > 0 ? 250
                        : small                       ? 100
                                                      : 190;
  allowed.associations = account.limit_increases > 0 ? 200 : small ? 100 : 150;
  return allowed;
}

std::expected<void, Problem> spend(World& world, Account& account, const App& app, Pace pace) {
  TimePoint now = world.now();
  Allowance allowed = allowance_of(account, app);
  AccountUsage& usage = today(world, account);
  // The day is shared by the private apps of an account; OAuth apps have none (section 5.1).
  if (is_static(app) && ++usage.calls_today > allowed.daily && world.settings.daily_limit)
    return std::unexpected(limited(world, "DAILY", "daily", Json::object({{"requestId", world.uuid()}})));
  if (pace == Pace::Search) {
    forget_before(usage.searches, now - 1s);
    if (std::ssize(usage.searches) >= search_per_second && world.settings.search_limit) {
      std::string group = fmt::format("publicapi:crm:search:{}:{}:{}",
                                      is_static(app) ? "private_app" : "oauth", app.app_id, account.hub_id);
      return std::unexpected(limited(world, "SECONDLY", "secondly", Json::object({{"groupName", group}})));
    }
    if (std::ssize(usage.searches) < search_per_second) usage.searches.push_back(now);
    return {};
  }
  // The associations API is exempt from the app's ten seconds and has its own (section 5.4).
  Usage& own = world.usage[grant_key(app.name, account.hub_id)];
  bool associations = pace == Pace::Associations;
  if (!associations) let_others_spend(world, own, allowed.ten_seconds);
  std::deque<TimePoint>& calls = associations ? own.associations : own.ten_seconds;
  forget_before(calls, now - window);
  if (std::ssize(calls) >= (associations ? allowed.associations : allowed.ten_seconds)) {
    if (!world.settings.burst_limit) return {};
    std::string group = fmt::format("publicapi:{}-api-calls-ten-secondly:{}:{}",
                                    is_static(app) ? "private_app" : "oauth_app", app.app_id, account.hub_id);
    return std::unexpected(
        limited(world, "TEN_SECONDLY_ROLLING", "ten_secondly_rolling", Json::object({{"groupName", group}})));
  }
  calls.push_back(now);
  return {};
}

Fields limit_fields(World& world, Account& account, const App& app, Pace pace) {
  if (pace == Pace::Search) return {};
  Allowance allowed = allowance_of(account, app);
  std::deque<TimePoint>& calls = world.usage[grant_key(app.name, account.hub_id)].ten_seconds;
  forget_before(calls, world.now() - window);
  // Without a limit the fields tell of one that nobody reaches.
  if (!world.settings.burst_limit) allowed.ten_seconds = unlimited;
  auto in_last_second = std::ranges::count_if(calls, [&](TimePoint at) { return at > world.now() - 1s; });
  std::int64_t secondly = allowed.ten_seconds / 10;
  Fields fields;
  auto add = [&](const char* name, std::int64_t number) {
    fields.emplace_back(std::string("X-HubSpot-RateLimit-") + name,
                        std::to_string(std::max<std::int64_t>(number, 0)));
  };
  if (is_static(app)) {
    add("Daily", allowed.daily);
    add("Daily-Remaining", allowed.daily - calls_today(world, account));
  }
  add("Interval-Milliseconds", std::chrono::milliseconds(window).count());
  add("Max", allowed.ten_seconds);
  add("Remaining", allowed.ten_seconds - std::ssize(calls));
  add("Secondly", secondly);
  add("Secondly-Remaining", secondly - in_last_second);
  return fields;
}

std::int64_t calls_today(World& world, const Account& account) {
  return today(world, account).calls_today;
}

TimePoint next_midnight(const Account& account, TimePoint now) {
  auto days = std::chrono::days(day_of(account, now) + 1);
  return TimePoint(days) - std::chrono::minutes(account.utc_offset_minutes);
}

}  // namespace hubward::sandbox
