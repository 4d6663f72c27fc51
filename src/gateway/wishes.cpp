// SPDX-License-Identifier: Apache-2.0
#include "gateway/wishes.hpp"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace hubward::gateway {
namespace {

constexpr std::string_view priority_field = "x-hubward-priority", wait_field = "x-hubward-wait-ms";

std::optional<std::chrono::milliseconds> read_millis(std::string_view text,
                                                     std::chrono::milliseconds longest) {
  std::uint32_t millis = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (error != std::errc() || end != text.data() + text.size() || millis > longest.count())
    return std::nullopt;
  return std::chrono::milliseconds(millis);
}

}  // namespace

Result<Wishes> read_wishes(const http::Fields& fields, const RoleName& role, pacing::Priority of_role,
                           const pacing::Settings& settings) {
  Wishes wishes{of_role, settings.wait};
  for (std::string_view name : {priority_field, wait_field})
    if (fields.count(name) > 1) return invalid("WISH_REFUSED", fmt::format("{} stands there twice", name));
  if (auto wish = fields.find(priority_field)) {
    std::optional<pacing::Priority> priority = pacing::read_priority(*wish);
    if (!priority) return invalid("WISH_REFUSED", "X-Hubward-Priority is interactive, normal or bulk");
    if (*priority < of_role) {
      return invalid("WISH_REFUSED",
                     fmt::format("X-Hubward-Priority asks for {}, and calls of role {} have {} at most",
                                 to_text(*priority), role.text, to_text(of_role)));
    }
    wishes.priority = *priority;
  }
  if (auto wish = fields.find(wait_field)) {
    std::optional<std::chrono::milliseconds> wait = read_millis(*wish, settings.longest_wait);
    if (!wait) {
      return invalid(
          "WISH_REFUSED",
          fmt::format("X-Hubward-Wait-Ms is how long the call may wait for room at HubSpot: 0 to {} "
                      "milliseconds (pacing.longest_wait_ms)",
                      settings.longest_wait.count()));
    }
    wishes.wait = *wait;
  }
  return wishes;
}

}  // namespace hubward::gateway
