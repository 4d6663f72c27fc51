// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/json.hpp"

namespace hubward::policy {

namespace {

using hubspot::Effect;
using hubspot::Effects;
using hubspot::Match;
using hubspot::ObjectName;
using hubspot::Operation;
using hubspot::Subject;

constexpr std::array all_effects = {Effect::View, Effect::Create, Effect::Edit, Effect::Delete,
                                    Effect::Export};

// One right that the call needs; it may do what it asks when a rule grants each.
struct Need {
  const ObjectName* object = nullptr;  // none for operations without an object type in their path
  Effect effect = Effect::View;
};

class Question {
 public:
  Question(const Role& role, const Match& match, std::span<const ObjectName> also_viewed)
      : role_(role), match_(match), operation_(*match.operation), also_viewed_(also_viewed) {}

  Decision answer() const {
    for (const Rule& rule : role_.rules) {
      if (rule.outcome != Rule::Outcome::Deny) continue;
      if (auto object = denied_by(rule)) return denied(rule.name, denial_sentence(rule, *object));
    }
    const Rule* first = nullptr;
    std::optional<Need> missing = first_need([&](const Need& need) {
      const Rule* rule = grant_of(need);
      if (first == nullptr) first = rule;
      return rule == nullptr;
    });
    if (missing) return denied("", missing_sentence(*missing));
    return {Decision::Verdict::Allow, first->name, {}};
  }

  std::string allowance_sentence(std::string_view rule) const {
    return "rule " + std::string(rule) + " of role " + role_.name.text + " allows " + what();
  }

 private:
  bool acts_on_records() const { return operation_.subject != Subject::Other; }

  // The first need of the call that is such a one.
  std::optional<Need> first_need(auto&& is_such) const {
    for (Effect effect : all_effects) {
      if (!operation_.effects.has(effect)) continue;
      if (Need need{nullptr, effect}; match_.objects().empty() && is_such(need)) return need;
      for (const ObjectName& object : match_.objects())
        if (Need need{&object, effect}; is_such(need)) return need;
    }
    for (const ObjectName& object : also_viewed_)
      if (Need need{&object, Effect::View}; is_such(need)) return need;
    return std::nullopt;
  }

  const Rule* grant_of(const Need& need) const {
    auto found = std::ranges::find_if(role_.rules, [&](const Rule& rule) { return grants(rule, need); });
    return found == role_.rules.end() ? nullptr : &*found;
  }

  bool grants(const Rule& rule, const Need& need) const {
    if (rule.outcome != Rule::Outcome::Allow) return false;
    bool fits_object = need.object != nullptr && names(rule, *need.object);
    if (rule.operations.empty()) {
      return acts_on_records() && !operation_.explicit_only && fits_object && rule.actions.has(need.effect);
    }
    bool covered = std::ranges::any_of(rule.operations, [&](const OperationPattern& pattern) {
      return pattern.covers(operation_) && (pattern.is_exact() || !operation_.explicit_only);
    });
    return covered && (rule.objects.empty() || fits_object) &&
           (rule.actions.empty() || rule.actions.has(need.effect));
  }

  static bool names(const Rule& rule, const ObjectName& object) {
    return std::ranges::any_of(rule.objects,
                               [&](const ObjectName& named) { return named.text == "*" || named == object; });
  }

  // The object on account of which the rule denies the call (empty: not on account of one), or nothing.
  std::optional<ObjectName> denied_by(const Rule& rule) const {
    bool touches = rule.actions.empty() || rule.actions.without(operation_.effects) != rule.actions;
    if (!rule.operations.empty()) {
      bool covered = std::ranges::any_of(
          rule.operations, [&](const OperationPattern& pattern) { return pattern.covers(operation_); });
      if (!covered || !touches) return std::nullopt;
      if (rule.objects.empty()) return ObjectName{};
      return first_meant(rule, match_.objects());
    }
    if (!acts_on_records()) return std::nullopt;
    if (touches) {
      if (auto object = first_meant(rule, match_.objects())) return object;
    }
    bool views = rule.actions.empty() || rule.actions.has(Effect::View);
    return views ? first_meant(rule, also_viewed_) : std::nullopt;
  }

  // A name that could be another one of what the rule denies counts as it.
  static std::optional<ObjectName> first_meant(const Rule& rule, std::span<const ObjectName> objects) {
    for (const ObjectName& object : objects) {
      auto meant = [&](const ObjectName& named) {
        return named.text == "*" || hubspot::may_be_same(named, object);
      };
      if (std::ranges::any_of(rule.objects, meant)) return object;
    }
    return std::nullopt;
  }

  Decision denied(std::string_view rule, std::string sentence) const {
    return {role_.mode == Mode::Shadow ? Decision::Verdict::ShadowDeny : Decision::Verdict::Deny, rule,
            std::move(sentence)};
  }

  // "delete on contacts", "edit on contacts and companies", "the operation crm.owners.list".
  std::string what() const {
    if (!acts_on_records()) return "the operation " + std::string(operation_.name) + on_objects();
    return to_text(operation_.effects) + on_objects();
  }

  std::string on_objects() const {
    std::string text;
    for (const ObjectName& object : match_.objects())
      text.append(text.empty() ? " on " : " and ").append(object.text);
    return text;
  }

  std::string call() const {
    return std::string(operation_.method) + " " + std::string(operation_.path_template) + " (" +
           std::string(operation_.name) + ") is " + to_text(operation_.effects);
  }

  std::string denial_sentence(const Rule& rule, const ObjectName& object) const {
    std::string text =
        "rule " + rule.name + " of role " + role_.name.text + " denies " + what() + "; " + call();
    bool said = object.text.empty() || names(rule, object);
    if (!said)
      text +=
          "; " + object.text + " may be another name of an object type that the rule denies: use its type id";
    return text;
  }

  std::string missing_sentence(const Need& need) const {
    std::string text = "role " + role_.name.text + " has no rule that allows ";
    bool beside =
        need.object != nullptr && std::ranges::find(match_.objects(), *need.object) == match_.objects().end();
    if (beside) {
      return text + "view on " + need.object->text +
             ", which the call asks for in its parameter associations";
    }
    if (acts_on_records()) {
      return text + to_text(Effects{need.effect}) +
             (need.object == nullptr ? "" : " on " + need.object->text) + "; " + call();
    }
    text += what() + ", which is " + to_text(operation_.effects);
    return text + (operation_.explicit_only ? "; only a rule that names it exactly, without a star, does"
                                            : "; add it to the operations of a rule");
  }

  const Role& role_;
  const Match& match_;
  const Operation& operation_;
  std::span<const ObjectName> also_viewed_;
};

}  // namespace

Decision decide(const Role& role, const Match& match, std::span<const ObjectName> also_viewed) {
  return Question(role, match, also_viewed).answer();
}

Decision explained(Decision decision, const Role& role, const Match& match) {
  if (decision.verdict == Decision::Verdict::Allow)
    decision.sentence = Question(role, match, {}).allowance_sentence(decision.rule);
  return decision;
}

Decision decide_unknown(const hubspot::Unmatched& unmatched, std::string_view method,
                        const hubspot::CanonicalPath& path) {
  return {Decision::Verdict::Deny, "", to_sentence(unmatched, method, path)};
}

Result<void> check_forwardable(const hubspot::CanonicalPath& path, const hubspot::Query& query) {
  if (auto forbidden = query.forbidden_parameter()) {
    // HubSpot switched account API keys off on 2022-11-30 (hubspot.md section 2.3).
    bool old_key = *forbidden == "hapikey";
    return invalid("CREDENTIAL_IN_QUERY",
                   "the query parameter " + json_quoted(*forbidden) +
                       " is not forwarded: the gateway adds the credential itself, in a header" +
                       (old_key ? "; account API keys (hapikey) ended on 2022-11-30: make a service key or "
                                  "private app in the HubSpot "
                                  "account, store its token with `hubward connection add`, and send the "
                                  "client key as the bearer "
                                  "instead of hapikey (docs/connecting.md)"
                                : ""));
  }
  if (path.size() > 0 && path.segment(0) == "oauth") {
    return invalid("OAUTH_NOT_FORWARDED",
                   "OAuth calls are not forwarded: the gateway obtains, renews and revokes tokens itself "
                   "(`hubward connection`)");
  }
  return {};
}

}  // namespace hubward::policy
