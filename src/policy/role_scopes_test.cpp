// SPDX-License-Identifier: Apache-2.0
#include "policy/role_scopes.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::policy;

TEST_CASE("what a role allows and the scopes do not is named, and nothing else") {
  static const hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  struct Row {
    std::string_view what;
    std::vector<RuleText> rules;
    std::string granted;
    std::vector<ScopeGap> expected;
  };
  const Row rows[] = {
      {"enough", {{"a", {"contacts"}, {"view"}, {}}}, "oauth crm.objects.contacts.read", {}},
      {"reads only, may edit too",
       {{"a", {"contacts"}, {"view", "edit", "create"}, {}}},
       "crm.objects.contacts.read",
       {{"crm.objects.contacts.write", "create on contacts"}}},
      {"two objects",
       {{"a", {"contacts", "companies"}, {"view"}, {}}},
       "oauth",
       {{"crm.objects.contacts.read", "view on contacts"},
        {"crm.objects.companies.read", "view on companies"}}},
      {"the scope of another object does not help",
       {{"a", {"companies"}, {"view"}, {}}},
       "crm.objects.contacts.read crm.objects.deals.read",
       {{"crm.objects.companies.read", "view on companies"}}},
      {"custom objects",
       {{"a", {"2-123"}, {"view"}, {}}},
       "oauth",
       {{"crm.objects.custom.read", "view on 2-123"}}},
      {"every object asks for none in particular", {{"a", {"*"}, {"view"}, {}}}, "oauth", {}},
      {"what another rule denies is not missed",
       {{"a", {"contacts", "companies"}, {"view"}, {}}, {"b", {"companies"}, {"view"}, {}, "deny"}},
       "crm.objects.contacts.read",
       {}},
      {"an operation by name",
       {{"a", {}, {}, {"crm.owners.list"}}},
       "oauth",
       {{"automation", "crm.owners.list"}}},
      {"any of its alternatives", {{"a", {}, {}, {"crm.owners.list"}}}, "crm.objects.owners.read", {}},
      {"a denied operation is not missed",
       {{"a", {}, {}, {"crm.owners.list"}}, {"b", {}, {}, {"crm.owners.*"}, "deny"}},
       "oauth",
       {}},
  };
  for (const Row& row : rows) {
    auto role = make_role({"reader", "enforce", row.rules}, catalogue);
    REQUIRE_MESSAGE(role.has_value(), row.what);
    std::vector<ScopeGap> gaps = scope_gaps(*role, catalogue, hubspot::ScopeSet::parse(row.granted));
    CHECK_MESSAGE(gaps == row.expected, row.what);
  }
}
