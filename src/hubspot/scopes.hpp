// SPDX-License-Identifier: Apache-2.0
// Whether a token's scopes are enough for an operation (hubspot.md sections 8.1 and 8.2). HubSpot decides;
// this explains beforehand and afterwards. Pure; values; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hubspot/catalogue.hpp"

namespace hubward::hubspot {

class ScopeSet {
 public:
  ScopeSet() = default;
  explicit ScopeSet(std::vector<std::string> scopes);
  static ScopeSet parse(std::string_view space_separated);

  bool has(std::string_view scope) const;
  const std::vector<std::string>& sorted() const { return scopes_; }
  std::string to_text() const;  // sorted, space separated
  bool operator==(const ScopeSet&) const = default;

 private:
  std::vector<std::string> scopes_;  // sorted, each once
};

// All needs of a match (Match::scopes()).
bool sufficient(const ScopeSet& granted, std::span<const ScopeNeed* const> needs);

// For each need the alternative that asks for the fewest further scopes, without those already granted; empty
// when the set is sufficient.
std::vector<std::string_view> missing_scopes(const ScopeSet& granted,
                                             std::span<const ScopeNeed* const> needs);

// "crm.objects.contacts.read, or oauth and automation".
std::string to_text(const ScopeNeed& need);

}  // namespace hubward::hubspot
