// SPDX-License-Identifier: Apache-2.0
// Masks what has the shape of a HubSpot credential (hubspot.md 2.5) or of our own client key in a text that
// is about to be logged. Belt and braces: secrets have a type that cannot be logged; this catches what
// slipped through, say inside another program's error text. It masks too much rather than too little. Linear
// in the length of the text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hubward::telemetry {

constexpr std::string_view redaction = "[redacted]";

std::string redacted(std::string_view text);

}  // namespace hubward::telemetry
