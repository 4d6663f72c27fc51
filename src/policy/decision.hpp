// SPDX-License-Identifier: Apache-2.0
// The answer of the policy to one request: with the rule that said so, and for a refusal with a sentence that
// an operator can act on. A value whose view points into the role.
#pragma once

#include <string>
#include <string_view>

namespace hubward::policy {

struct Decision {
  enum class Verdict {
    Allow,
    Deny,
    ShadowDeny,  // the rules deny, but the role runs in shadow: record it and let the call pass
  } verdict = Verdict::Deny;
  std::string_view rule;  // the deciding rule's name; empty when no rule spoke (default deny)
  // Names role, action, object, method and path template; never a parameter's value. Empty when the rules
  // allow: explained() adds it for people.
  std::string sentence;

  bool may_pass() const { return verdict != Verdict::Deny; }
};

}  // namespace hubward::policy
