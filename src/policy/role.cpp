// SPDX-License-Identifier: Apache-2.0
#include "policy/role.hpp"

#include <algorithm>
#include <set>

#include "core/ascii.hpp"

namespace hubward::policy {

namespace {

using hubspot::Catalogue;
using hubspot::Effect;
using hubspot::Operation;

std::unexpected<Error> wrong(const RoleText& role, const RuleText* rule, const std::string& problem) {
  std::string where = "role " + role.name;
  if (rule != nullptr) where += ", rule " + (rule->name.empty() ? std::string("without a name") : rule->name);
  return failure("ROLE_INVALID", Fault::Us, Retry::Never, where + ": " + problem);
}

// How many single changes lead from one word to the other.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      std::size_t change = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

std::string_view nearest_operation(std::string_view name, const Catalogue& catalogue) {
  std::string_view best;
  std::size_t least = name.size();
  for (const Operation& operation : catalogue.operations()) {
    std::size_t steps = distance(name, operation.name);
    if (steps < least) {
      least = steps;
      best = operation.name;
    }
  }
  return best;
}

bool is_type_id(std::string_view name) {
  return name.size() > 2 && name.starts_with("0-") && std::ranges::all_of(name.substr(2), is_digit);
}

// Each answers what is wrong with the word, or nothing.
std::string add_object(const std::string& word, Rule& rule) {
  if (word == "*") {
    rule.objects.push_back({word});
    return "";
  }
  hubspot::ObjectName object = hubspot::object_name(word);
  if (hubspot::kind_of(object) == hubspot::ObjectKind::Unknown && !is_type_id(object.text)) {
    return "\"" + word +
           "\" is no object type that Hubward knows; write contacts, companies …, a custom object as " +
           "2-123 or p_name, or * for all";
  }
  rule.objects.push_back(std::move(object));
  return "";
}

std::string add_action(const std::string& word, Rule& rule) {
  auto effect = hubspot::effect_named(word);
  if (!effect) return "\"" + word + "\" is no action; there are view, create, edit, delete and export";
  rule.actions.add(*effect);
  return "";
}

std::string check_star(const std::string& word, const Rule& rule, const Catalogue& catalogue) {
  std::size_t star = word.find('*');
  if (star + 1 != word.size() || (star > 0 && word[star - 1] != '.')) {
    return "\"" + word + "\": a star stands alone or at the end, after a dot, as in crm.properties.*";
  }
  bool any = false, grantable = false;
  for (const Operation& operation : catalogue.operations()) {
    bool covered = OperationPattern{word}.covers(operation);
    any |= covered;
    grantable |= covered && !operation.explicit_only;
  }
  if (!any) return "\"" + word + "\" covers no operation";
  if (!grantable && rule.outcome == Rule::Outcome::Allow) {
    return "\"" + word + "\" covers only operations that are granted by their exact name; name them";
  }
  return "";
}

std::string add_operation(const std::string& word, Rule& rule, const Catalogue& catalogue) {
  if (word.find('*') != std::string::npos) {
    std::string problem = check_star(word, rule, catalogue);
    if (!problem.empty()) return problem;
  } else if (catalogue.named(word) == nullptr) {
    std::string_view near = nearest_operation(word, catalogue);
    return "there is no operation \"" + word + "\"" +
           (near.empty() ? "" : "; did you mean " + std::string(near) + "?");
  }
  rule.operations.push_back({word});
  return "";
}

std::string read_words(const RuleText& text, Rule& rule, const Catalogue& catalogue) {
  std::string problem;
  for (const std::string& word : text.objects) {
    if (problem = add_object(word, rule); !problem.empty()) return problem;
  }
  for (const std::string& word : text.actions) {
    if (problem = add_action(word, rule); !problem.empty()) return problem;
  }
  for (const std::string& word : text.operations) {
    if (problem = add_operation(word, rule, catalogue); !problem.empty()) return problem;
  }
  return "";
}

// What words that are fine each may still not mean together.
std::string check_together(const Rule& rule) {
  bool allows = rule.outcome == Rule::Outcome::Allow;
  if (rule.objects.empty() && rule.operations.empty()) return "it names neither objects nor operations";
  if (!rule.operations.empty()) return "";
  if (allows && rule.actions.empty())
    return "it names no actions; add actions = [\"view\"], or what it should allow";
  if (rule.actions.has(Effect::Export)) {
    return "export is not an action on records; name the operation, as in operations = "
           "[\"crm.exports.export.async.create\"]";
  }
  return "";
}

Result<Rule> make_rule(const RoleText& role, const RuleText& text, const Catalogue& catalogue) {
  if (text.name.empty()) return wrong(role, &text, "it needs a name, so that decisions can point at it");
  if (text.effect != "allow" && text.effect != "deny") {
    return wrong(role, &text, "effect is \"" + text.effect + "\"; it is allow or deny");
  }
  Rule rule;
  rule.name = text.name;
  rule.outcome = text.effect == "deny" ? Rule::Outcome::Deny : Rule::Outcome::Allow;
  std::string problem = read_words(text, rule, catalogue);
  if (problem.empty()) problem = check_together(rule);
  if (!problem.empty()) return wrong(role, &text, problem);
  return rule;
}

}  // namespace

bool OperationPattern::covers(const Operation& operation) const {
  if (is_exact()) return operation.name == text;
  return operation.name.starts_with(std::string_view(text).substr(0, text.size() - 1));
}

Result<Role> make_role(const RoleText& text, const Catalogue& catalogue) {
  if (text.mode != "enforce" && text.mode != "shadow") {
    return wrong(text, nullptr, "mode is \"" + text.mode + "\"; it is enforce or shadow");
  }
  Role role{{text.name}, text.mode == "shadow" ? Mode::Shadow : Mode::Enforce, {}};
  std::set<std::string_view> names;
  for (const RuleText& one : text.rules) {
    auto rule = make_rule(text, one, catalogue);
    if (!rule) return std::unexpected(rule.error());
    if (!names.insert(one.name).second)
      return wrong(text, &one, "another rule of this role has the same name");
    role.rules.push_back(*std::move(rule));
  }
  return role;
}

}  // namespace hubward::policy
