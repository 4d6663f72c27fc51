// SPDX-License-Identifier: Apache-2.0
// Webhooks as HubSpot sends them (hubspot.md sections 4.3, 4.4, 4.6): events gather, go out in batches of up
// to a hundred, a bounded number at once per account, and are tried again up to ten times over a day, each
// time with a higher attemptNumber. A pure core over the World's clock and randomness;
// sandbox/webhook_sender.hpp signs and posts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"

namespace hubward::sandbox {

class World;

// Of an app; changed with PATCH /apps/NAME {"webhooks": {...}}.
struct HookSettings {
  std::string target;                   // where to; empty: nothing is sent
  std::vector<std::string> kinds;       // subscribed: "contact.creation", "contact.*", "*"
  std::vector<std::string> properties;  // of property changes; empty: all
  std::string signing = "v1+v3";        // the versions that come along; "none"
  std::int64_t concurrency = 10;        // requests at once for each account
  std::int64_t timeout_ms = 5000;
  std::int64_t day_ms = 86'400'000;  // how long the day is over which it is tried again
  std::int64_t duplicate_percent = 0, reorder_percent = 0;
  bool text_ids = false;  // eventId as text, as some of HubSpot's sends have it
  void each(auto&& visit) {
    visit("target", target), visit("kinds", kinds), visit("properties", properties);
    visit("signing", signing), visit("concurrency", concurrency), visit("timeout_ms", timeout_ms);
    visit("day_ms", day_ms), visit("duplicate_percent", duplicate_percent);
    visit("reorder_percent", reorder_percent), visit("text_ids", text_ids);
  }
};
bool usable(const HookSettings& settings);

// Something that happened to a record.
struct Happening {
  std::string_view kind;  // "contact.propertyChange"
  std::uint64_t account = 0, object = 0;
  std::string_view object_type = {};  // "2-1234567", of object.*
  std::string_view property = {}, value = {};
  std::uint64_t other = 0;  // the record that a merge swallowed
  TimePoint when{};         // the World says
};

class Webhooks {
 public:
  static constexpr std::size_t max_waiting = 200'000;  // events; further ones are dropped and counted
  static constexpr std::size_t max_batch = 100;
  static constexpr int max_retries = 10;
  static constexpr std::size_t max_remembered = 1'000'000;  // ids of acknowledged events

  struct Batch {
    std::int64_t number = 0;
    std::string app;
    std::uint64_t account = 0;
    std::vector<Json> events;
    int attempt = 0;           // retries so far
    std::string body() const;  // with this attempt's attemptNumber
  };

  // An event for every app that is installed there and subscribed. How many.
  std::size_t happened(World& world, const Happening& what);
  // What may go out now; each must be settled.
  std::vector<Batch> take_due(World& world);
  // `status` 0: no answer in time.
  void settle(World& world, Batch batch, int status);

  // {"waiting", "in_flight", "acknowledged", "given_up", "dropped", "requests", "failures"}.
  Json figures() const;
  const std::set<std::uint64_t>& acknowledged() const { return acknowledged_; }

 private:
  struct Retry {
    TimePoint due{};
    Batch batch;
  };
  // False when there is no room for it.
  bool add(World& world, const std::string& app, const HookSettings& settings, Json event);
  static TimePoint retry_at(World& world, const HookSettings& settings, int attempt);

  std::map<std::pair<std::string, std::uint64_t>, std::deque<Json>> fresh_;  // by app and account
  std::vector<Retry> retries_;
  std::map<std::pair<std::string, std::uint64_t>, std::int64_t> in_flight_;
  std::set<std::uint64_t> acknowledged_;
  std::uint64_t next_event_ = 1;
  std::int64_t next_batch_ = 1;
  std::size_t waiting_ = 0;
  std::int64_t acknowledged_events_ = 0, given_up_ = 0, dropped_ = 0, requests_ = 0, failures_ = 0;
};

// As subscription kinds name a type ("contact"): by its own name where HubSpot has a family for it, else
// "object".
std::string_view kind_family(std::string_view type_name);

}  // namespace hubward::sandbox
