// SPDX-License-Identifier: Apache-2.0
#include "policy/role_scopes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "policy/decide.hpp"

namespace hubward::policy {
namespace {

using hubspot::Effect;

// One call for each thing that can be done to records of a type.
struct Probe {
  Effect effect;
  std::string_view method;
  std::string_view behind;  // the object type, in the path
};
constexpr Probe probes[] = {{Effect::View, "GET", "/1"},
                            {Effect::Create, "POST", ""},
                            {Effect::Edit, "PATCH", "/1"},
                            {Effect::Delete, "DELETE", "/1"}};

class Comparison {
 public:
  Comparison(const Role& role, const hubspot::Catalogue& catalogue, const hubspot::ScopeSet& granted)
      : role_(role), catalogue_(catalogue), granted_(granted) {}

  std::vector<ScopeGap> gaps() {
    for (const Rule& rule : role_.rules) {
      if (rule.outcome != Rule::Outcome::Allow) continue;
      rule.operations.empty() ? compare_records(rule) : compare_operations(rule);
    }
    return std::move(gaps_);
  }

 private:
  void compare_records(const Rule& rule) {
    for (const hubspot::ObjectName& object : rule.objects) {
      if (object.text == "*") continue;
      for (const Probe& probe : probes)
        if (rule.actions.has(probe.effect)) compare(object, probe);
    }
  }

  void compare(const hubspot::ObjectName& object, const Probe& probe) {
    Result<hubspot::CanonicalPath> path =
        hubspot::canonicalise("/crm/v3/objects/" + object.text + std::string(probe.behind));
    if (!path) return;
    auto match = catalogue_.find(probe.method, *path);
    if (!match || !is_allowed(*match)) return;
    add(hubspot::missing_scopes(granted_, match->scopes()),
        hubspot::to_text(hubspot::Effects{probe.effect}) + " on " + object.text);
  }

  void compare_operations(const Rule& rule) {
    std::set<std::string_view> possible;  // one name may stand for several operations
    std::vector<const hubspot::Operation*> refused;
    for (const hubspot::Operation& operation : catalogue_.operations()) {
      bool covered = std::ranges::any_of(
          rule.operations, [&](const OperationPattern& pattern) { return pattern.covers(operation); });
      if (!covered || operation.developer_key || !is_allowed(hubspot::Match{.operation = &operation}))
        continue;
      const hubspot::ScopeNeed* need = catalogue_.scopes_of(operation);
      bool is_possible = need == nullptr || hubspot::sufficient(granted_, std::span(&need, 1));
      if (is_possible)
        possible.insert(operation.name);
      else
        refused.push_back(&operation);
    }
    for (const hubspot::Operation* operation : refused) {
      if (possible.contains(operation->name)) continue;
      const hubspot::ScopeNeed* need = catalogue_.scopes_of(*operation);
      add(hubspot::missing_scopes(granted_, std::span(&need, 1)), std::string(operation->name));
    }
  }

  bool is_allowed(const hubspot::Match& match) const {
    return decide(role_, match, {}).verdict == Decision::Verdict::Allow;
  }

  void add(const std::vector<std::string_view>& scopes, const std::string& wanted) {
    for (std::string_view scope : scopes)
      if (std::ranges::find(gaps_, scope, &ScopeGap::scope) == gaps_.end())
        gaps_.push_back({std::string(scope), wanted});
  }

  const Role& role_;
  const hubspot::Catalogue& catalogue_;
  const hubspot::ScopeSet& granted_;
  std::vector<ScopeGap> gaps_;
};

}  // namespace

std::vector<ScopeGap> scope_gaps(const Role& role, const hubspot::Catalogue& catalogue,
                                 const hubspot::ScopeSet& granted) {
  return Comparison(role, catalogue, granted).gaps();
}

}  // namespace hubward::policy
