// SPDX-License-Identifier: Apache-2.0
// The answer of the policy to one request: always with the rule that said so and a sentence that an operator
// can act on. A value.
#pragma once

#include <string>

namespace hubward::policy {

struct Decision {
  enum class Verdict {
    Allow,
    Deny,
    ShadowDeny,  // the rules deny, but the role runs in shadow: record it and let the call pass
  } verdict = Verdict::Deny;
  std::string rule;      // the deciding rule's name; empty when no rule spoke (default deny)
  std::string sentence;  // names role, action, object, method and path template; never a parameter's value

  bool may_pass() const { return verdict != Verdict::Deny; }
};

}  // namespace hubward::policy
