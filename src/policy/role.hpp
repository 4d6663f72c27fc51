// SPDX-License-Identifier: Apache-2.0
// What clients may do, in HubSpot's terms. A role is a list of rules; what no rule allows is denied, and a
// rule that denies wins over any that allows. Values, immutable once made; any thread.
//
// A rule that names only objects and actions grants operations on CRM records (and, with rights on both
// object types, on the associations between them). Everything else (properties, lists, content, settings …)
// is granted by operation name; there `objects` and `actions`, when given, narrow the rule further.
#pragma once

#include <string>
#include <vector>

#include "core/named.hpp"
#include "core/result.hpp"
#include "hubspot/catalogue.hpp"

namespace hubward::policy {

// Shadow: what the rules would refuse is recorded and passes. Unknown operations, OAuth calls and credentials
// in a query are refused in every mode.
enum class Mode { Enforce, Shadow };

// "crm.properties.read" exactly, or "crm.properties.*" for all whose name begins so. A star never allows an
// operation that is only granted by its exact name (imports, exports, GraphQL …); it does deny it.
struct OperationPattern {
  std::string text;
  bool covers(const hubspot::Operation& operation) const;
  bool is_exact() const { return !text.ends_with('*'); }
};

struct Rule {
  enum class Outcome { Allow, Deny };

  std::string name;  // unique in its role
  Outcome outcome = Outcome::Allow;
  std::vector<hubspot::ObjectName> objects;  // "*" is every CRM record object
  hubspot::Effects actions;                  // empty in a rule by operation, or one that denies: any
  std::vector<OperationPattern> operations;
};

struct Role {
  RoleName name;
  Mode mode = Mode::Enforce;
  std::vector<Rule> rules;
};

// As the configuration writes them.
struct RuleText {
  std::string name;
  std::vector<std::string> objects, actions, operations;
  std::string effect = "allow";  // or "deny"
};
struct RoleText {
  std::string name;
  std::string mode = "enforce";  // or "shadow"
  std::vector<RuleText> rules;
};

// Checks every word against what exists and names the rule and the word that do not fit, with the nearest one
// that would. Code ROLE_INVALID.
Result<Role> make_role(const RoleText& text, const hubspot::Catalogue& catalogue);

}  // namespace hubward::policy
