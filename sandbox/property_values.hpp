// SPDX-License-Identifier: Apache-2.0
// What may be written into a property, and how it then reads (hubspot.md sections 6.4 and 10.2). Pure.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>

#include "sandbox/problem.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

// What a write changes; nothing clears the property.
using Changes = std::map<std::string, std::optional<std::string>>;

std::expected<Changes, Problem> checked_values(const Account& account, const ObjectType& type,
                                               const Json& properties);
// A time as HubSpot takes it: milliseconds, a date, or ISO 8601 in UTC.
std::optional<TimePoint> parse_time(std::string_view text);
// A record's value, the system's own ones (hs_object_id and the dates) included.
std::optional<std::string> value_of(const ObjectType& type, const Record& record, std::string_view name);

}  // namespace hubward::sandbox
