// SPDX-License-Identifier: Apache-2.0
#include "sandbox/webhooks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "hubspot/webhook_samples.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {
namespace {

// Of the day over which a batch is tried again: where each of the ten retries lies in it. HubSpot says only
// "up to ten times over 24 hours, at randomised gaps".
constexpr std::array<double, Webhooks::max_retries> retry_days = {0.0007, 0.003, 0.01, 0.03, 0.08,
                                                                  0.16,   0.3,   0.5,  0.75, 1.0};

bool fits(std::string_view pattern, std::string_view kind) {
  if (pattern.ends_with('*')) return kind.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == kind;
}

bool subscribed(const HookSettings& settings, const Happening& what) {
  bool kind =
      std::ranges::any_of(settings.kinds, [&](const auto& pattern) { return fits(pattern, what.kind); });
  if (!kind || what.property.empty() || settings.properties.empty()) return kind;
  return std::ranges::find(settings.properties, what.property) != settings.properties.end();
}

bool is_installed(const World& world, const std::string& app, std::uint64_t account) {
  auto install = world.installs.find(grant_key(app, account));
  if (install != world.installs.end()) return !install->second.revoked;
  return std::ranges::any_of(world.tokens, [&](const auto& kept) {
    const Token& token = kept.second;
    return token.app == app && token.hub_id == account && token.use == "static" && !token.revoked;
  });
}

// A number from 0 to 99 by chance.
std::int64_t percent(World& world) {
  std::string byte = world.random_bytes(2);
  return (static_cast<unsigned char>(byte[0]) * 256 + static_cast<unsigned char>(byte[1])) % 100;
}

std::uint64_t id_of(const Json& event) {
  const Json& id = event["eventId"];
  if (auto number = id.integer()) return static_cast<std::uint64_t>(*number);
  return to_number(id.text().value_or("0")).value_or(0);
}

}  // namespace

bool usable(const HookSettings& settings) {
  constexpr std::int64_t most_at_once = 1000, longest_ms = 7LL * 86'400'000;
  bool numbers = settings.concurrency >= 1 && settings.concurrency <= most_at_once &&
                 settings.timeout_ms >= 1 && settings.timeout_ms <= longest_ms && settings.day_ms >= 0 &&
                 settings.day_ms <= longest_ms;
  constexpr std::array<std::string_view, 6> signings = {"v1", "v2", "v3", "v1+v3", "v2+v3", "none"};
  return numbers && std::ranges::find(signings, settings.signing) != signings.end() &&
         (settings.target.empty() || settings.target.starts_with("https://"));
}

std::string_view kind_family(std::string_view type_name) {
  constexpr std::array<std::string_view, 6> families = {"contact", "company",   "deal",
                                                        "ticket",  "line_item", "product"};
  auto found = std::ranges::find(families, type_name);
  return found == families.end() ? "object" : *found;
}

std::string Webhooks::Batch::body() const {
  Json list = Json::array();
  for (Json event : events) {
    event.set("attemptNumber", attempt);
    list.push(std::move(event));
  }
  return list.dump();
}

std::size_t Webhooks::happened(World& world, const Happening& what) {
  std::size_t made = 0;
  for (const auto& [name, app] : world.apps) {
    const HookSettings& settings = app.webhooks;
    if (settings.target.empty() || !subscribed(settings, what) || !is_installed(world, name, what.account))
      continue;
    hubspot::SampleEvent event;
    event.kind = what.kind;
    event.event = next_event_++;
    event.account = what.account;
    event.app = app.app_id;
    event.object = what.object;
    event.occurred = what.when;
    if (!what.property.empty()) event.property = what.property, event.value = what.value;
    Json json = Json::parse(hubspot::sample_json(event)).value();
    if (!what.object_type.empty() && json.has("objectTypeId")) json.set("objectTypeId", what.object_type);
    if (json.has("mergedObjectIds")) json.set("mergedObjectIds", Json::array({Json(what.other)}));
    if (settings.text_ids) json.set("eventId", std::to_string(event.event));
    if (add(world, name, settings, std::move(json))) ++made;
  }
  return made;
}

bool Webhooks::add(World& world, const std::string& app, const HookSettings& settings, Json event) {
  if (waiting_ >= max_waiting) {
    ++dropped_;
    return false;
  }
  auto account = static_cast<std::uint64_t>(event["portalId"].integer().value_or(0));
  std::deque<Json>& queue = fresh_[{app, account}];
  bool twice = percent(world) < settings.duplicate_percent;
  bool early = !queue.empty() && percent(world) < settings.reorder_percent;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    queue.insert(early ? queue.end() - 1 : queue.end(), event);
    ++waiting_;
  }
  return true;
}

TimePoint Webhooks::retry_at(World& world, const HookSettings& settings, int attempt) {
  double share = retry_days.at(static_cast<std::size_t>(attempt));
  double before = attempt == 0 ? 0 : retry_days.at(static_cast<std::size_t>(attempt) - 1);
  double jitter = 0.8 + static_cast<double>(percent(world)) / 250;
  auto wait = static_cast<std::int64_t>(static_cast<double>(settings.day_ms) * (share - before) * jitter);
  return world.now() + std::chrono::milliseconds(wait);
}

std::vector<Webhooks::Batch> Webhooks::take_due(World& world) {
  std::vector<Batch> due;
  auto room = [&](const std::string& app, std::uint64_t account) {
    auto found = world.apps.find(app);
    std::int64_t most = found == world.apps.end() ? 0 : found->second.webhooks.concurrency;
    return in_flight_[{app, account}] < most;
  };
  TimePoint now = world.now();
  for (auto retry = retries_.begin(); retry != retries_.end();) {
    if (retry->due > now || !room(retry->batch.app, retry->batch.account)) {
      ++retry;
      continue;
    }
    ++in_flight_[{retry->batch.app, retry->batch.account}];
    due.push_back(std::move(retry->batch));
    retry = retries_.erase(retry);
  }
  for (auto& [key, queue] : fresh_) {
    while (!queue.empty() && room(key.first, key.second)) {
      Batch& batch = due.emplace_back();
      batch.number = next_batch_++;
      batch.app = key.first;
      batch.account = key.second;
      for (; !queue.empty() && batch.events.size() < max_batch; queue.pop_front())
        batch.events.push_back(std::move(queue.front()));
      ++in_flight_[key];
    }
  }
  requests_ += static_cast<std::int64_t>(due.size());
  return due;
}

void Webhooks::settle(World& world, Batch batch, int status) {
  std::int64_t& in_flight = in_flight_[{batch.app, batch.account}];
  in_flight = std::max<std::int64_t>(in_flight - 1, 0);  // of before a reset
  if (status / 100 == 2) {
    waiting_ -= std::min(waiting_, batch.events.size());
    acknowledged_events_ += static_cast<std::int64_t>(batch.events.size());
    for (const Json& event : batch.events)
      if (acknowledged_.size() < max_remembered) acknowledged_.insert(id_of(event));
    return;
  }
  ++failures_;
  auto app = world.apps.find(batch.app);
  if (batch.attempt == max_retries || app == world.apps.end()) {
    waiting_ -= std::min(waiting_, batch.events.size());
    given_up_ += static_cast<std::int64_t>(batch.events.size());
    return;
  }
  TimePoint due = retry_at(world, app->second.webhooks, batch.attempt);
  ++batch.attempt;
  retries_.push_back({due, std::move(batch)});
}

Json Webhooks::figures() const {
  std::int64_t in_flight = 0;
  for (const auto& [key, count] : in_flight_) in_flight += count;
  return Json::object({{"waiting", waiting_},
                       {"in_flight", in_flight},
                       {"acknowledged", acknowledged_events_},
                       {"given_up", given_up_},
                       {"dropped", dropped_},
                       {"requests", requests_},
                       {"failures", failures_}});
}

}  // namespace hubward::sandbox
