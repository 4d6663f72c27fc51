// SPDX-License-Identifier: Apache-2.0
// May this role do this? Pure: a role and an operation in, a decision out; the same in the gateway and in
// `hubward role explain`. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "hubspot/catalogue.hpp"
#include "hubspot/query.hpp"
#include "policy/decision.hpp"
#include "policy/role.hpp"

namespace hubward::policy {

// `also_viewed`: object types whose ids the answer lists beside the records (Query::associated_objects()).
Decision decide(const Role& role, const hubspot::Match& match,
                std::span<const hubspot::ObjectName> also_viewed);

// The same with a sentence in any case.
Decision explained(Decision decision, const Role& role, const hubspot::Match& match);

// A call that is no known operation: denied, whatever the role says and in whichever mode it runs.
Decision decide_unknown(const hubspot::Unmatched& unmatched, std::string_view method,
                        const hubspot::CanonicalPath& path);

// What is never forwarded, whatever the role says: a query that carries a credential or changes the method
// (CREDENTIAL_IN_QUERY), and OAuth calls, which the gateway makes itself (OAUTH_NOT_FORWARDED).
Result<void> check_forwardable(const hubspot::CanonicalPath& path, const hubspot::Query& query);

// For people: what the call is (operation, effects, objects, scopes, version) and what the role says to it.
// `target` is path and query. Text of several lines.
std::string explain(const Role& role, const hubspot::Catalogue& catalogue, std::string_view method,
                    std::string_view target);

}  // namespace hubward::policy
