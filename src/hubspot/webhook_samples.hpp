// SPDX-License-Identifier: Apache-2.0
// An event of every kind that HubSpot lets an app subscribe to (hubspot.md section 4.1), as HubSpot writes it
// (section 4.3): for trying a receiver, and for the sandbox. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace hubward::hubspot {

// "contact.creation" and the others, 48 of them, in HubSpot's order.
std::span<const std::string_view> subscription_kinds();
bool is_subscription_kind(std::string_view kind);

struct SampleEvent {
  std::string_view kind;  // one of subscription_kinds()
  std::uint64_t event = 100, subscription = 2001, account = 8801234, app = 551122, object = 901;
  TimePoint occurred{};
  std::uint64_t attempt = 0;
  std::string_view property = "lifecyclestage", value = "lead";  // of a propertyChange
};
// One JSON object.
std::string sample_json(const SampleEvent& event);

}  // namespace hubward::hubspot
