// SPDX-License-Identifier: Apache-2.0
#include "hubspot/scopes.hpp"

#include <algorithm>
#include <optional>

#include "core/ascii.hpp"

namespace hubward::hubspot {

ScopeSet::ScopeSet(std::vector<std::string> scopes) : scopes_(std::move(scopes)) {
  std::erase(scopes_, "");
  std::ranges::sort(scopes_);
  auto rest = std::ranges::unique(scopes_);
  scopes_.erase(rest.begin(), rest.end());
}

ScopeSet ScopeSet::parse(std::string_view space_separated) {
  std::vector<std::string> scopes;
  for (std::string_view scope : split(space_separated, ' ')) scopes.emplace_back(scope);
  return ScopeSet(std::move(scopes));
}

bool ScopeSet::has(std::string_view scope) const {
  auto found = std::ranges::lower_bound(scopes_, scope, std::less<>{});
  return found != scopes_.end() && *found == scope;
}

std::string ScopeSet::to_text() const {
  std::string text;
  for (const std::string& scope : scopes_) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

namespace {

using Missing = std::vector<std::string_view>;

Missing missing_for(const ScopeSet& granted, const ScopeNeed& need) {
  std::optional<Missing> fewest;
  for (const ScopeNeed::All& all : need.any_of) {
    Missing missing;
    std::ranges::copy_if(all, std::back_inserter(missing),
                         [&](std::string_view scope) { return !granted.has(scope); });
    if (!fewest || missing.size() < fewest->size()) fewest = std::move(missing);
  }
  return fewest.value_or(Missing{});
}

}  // namespace

bool sufficient(const ScopeSet& granted, std::span<const ScopeNeed* const> needs) {
  return missing_scopes(granted, needs).empty();
}

Missing missing_scopes(const ScopeSet& granted, std::span<const ScopeNeed* const> needs) {
  Missing all;
  for (const ScopeNeed* need : needs) {
    for (std::string_view scope : missing_for(granted, *need)) {
      if (std::ranges::find(all, scope) == all.end()) all.push_back(scope);
    }
  }
  return all;
}

std::string to_text(const ScopeNeed& need) {
  std::string text;
  for (const ScopeNeed::All& all : need.any_of) {
    if (!text.empty()) text += ", or ";
    for (std::size_t i = 0; i < all.size(); ++i) text.append(i == 0 ? "" : " and ").append(all[i]);
  }
  return text;
}

}  // namespace hubward::hubspot
