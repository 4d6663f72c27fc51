// SPDX-License-Identifier: Apache-2.0
// An event as it may be shown to a person. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "webhooks/event_facts.hpp"

namespace hubward::webhooks {

constexpr std::string_view mask = "(masked)";

// The payload with its value masked where HubSpot or `sensitive` says that its property is sensitive, and
// with all that stands, however deep, under the name of one of `sensitive`: what the webhook journal tells
// may hold several properties. What is no JSON object, which no stored event is, is masked whole.
Json shown(std::string_view payload, const EventFacts& facts, std::span<const std::string> sensitive);

}  // namespace hubward::webhooks
