// SPDX-License-Identifier: Apache-2.0
#include "hubspot/regions.hpp"

#include <algorithm>
#include <array>

#include "core/ascii.hpp"

namespace hubward::hubspot {

namespace {

struct Stem {
  std::string_view before, after;  // around "-{hublet}"
};
constexpr std::array<Stem, 3> stems = {
    {{"api", ".hubapi.com"}, {"api", ".hubspot.com"}, {"api", ".hsforms.com"}}};

}  // namespace

std::optional<Hublet> hublet_from(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
  std::string_view digits = text.substr(letters);
  if (letters < 2 || letters > 3 || digits.empty() || digits.size() > 2) return std::nullopt;
  if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
  return Hublet{std::string(text)};
}

std::string_view default_host(HostFamily family) {
  return family == HostFamily::Forms ? "api.hsforms.com" : "api.hubapi.com";
}

std::string regional_host(HostFamily family, const Hublet& hublet) {
  std::string host(default_host(family));
  if (hublet.text != "na1") host.insert(3, "-" + hublet.text);
  return host;
}

bool is_hubspot_api_host(std::string_view host) {
  std::string low = lower(host);
  std::string_view rest = low;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  return std::ranges::any_of(stems, [&](const Stem& stem) {
    if (rest.size() < stem.before.size() + stem.after.size()) return false;
    if (!rest.starts_with(stem.before) || !rest.ends_with(stem.after)) return false;
    std::string_view middle = rest.substr(stem.before.size());
    middle.remove_suffix(stem.after.size());
    return middle.empty() || (middle.front() == '-' && hublet_from(middle.substr(1)));
  });
}

}  // namespace hubward::hubspot
