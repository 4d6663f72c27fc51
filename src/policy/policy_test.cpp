// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "policy/decide.hpp"

using namespace hubward;
using namespace hubward::policy;

namespace {

const hubspot::Catalogue& catalogue() {
  static const hubspot::Catalogue built_in = hubspot::Catalogue::built_in();
  return built_in;
}

Role role_of(std::vector<RuleText> rules, std::string mode = "enforce") {
  auto role = make_role({"reader", std::move(mode), std::move(rules)}, catalogue());
  REQUIRE_MESSAGE(role.has_value(), (role ? "" : role.error().message));
  return *std::move(role);
}

Decision decided(const Role& role, std::string_view method, std::string_view target) {
  std::size_t mark = target.find('?');
  auto path = hubspot::canonicalise(target.substr(0, mark)).value();
  auto query = hubspot::Query::parse(mark == std::string_view::npos ? "" : target.substr(mark + 1)).value();
  auto match = catalogue().find(method, path);
  if (!match) return decide_unknown(match.error(), method, path);
  Decision decision = decide(role, *match, query.associated_objects());
  CHECK(decision.sentence.empty() == (decision.verdict == Decision::Verdict::Allow));
  return explained(std::move(decision), role, *match);
}

struct Case {
  std::string_view method, target;
  bool allowed;
};

void check(const Role& role, const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.method);
    CAPTURE(one.target);
    Decision decision = decided(role, one.method, one.target);
    CAPTURE(decision.sentence);
    CHECK(decision.may_pass() == one.allowed);
    CHECK_FALSE(decision.sentence.empty());
  }
}

std::string trouble(RuleText rule) {
  auto role = make_role({"reader", "enforce", {std::move(rule)}}, catalogue());
  REQUIRE_FALSE(role);
  CHECK(role.error().code == "ROLE_INVALID");
  return role.error().message;
}

}  // namespace

TEST_CASE("a role that views contacts reads them in every way and does nothing else") {
  check(role_of({{"read", {"contacts"}, {"view"}, {}}}),
        {
            {"GET", "/crm/v3/objects/contacts", true},
            {"GET", "/crm/objects/2026-03/0-1/7", true},
            {"GET", "/crm/v3/objects/CONTACT/7", true},
            {"POST", "/crm/v3/objects/contacts/search", true},
            {"POST", "/crm/v3/objects/contacts/batch/read", true},
            {"POST", "/crm/v3/objects/contacts", false},
            {"PATCH", "/crm/v3/objects/contacts/7", false},
            {"DELETE", "/crm/v3/objects/contacts/7", false},
            {"POST", "/crm/v3/objects/contacts/batch/archive", false},
            {"POST", "/crm/v3/objects/contacts/gdpr-delete", false},
            {"POST", "/crm/v3/objects/contacts/merge", false},
            {"GET", "/crm/v3/objects/companies", false},
            {"GET", "/crm/v3/objects/2-123", false},
            {"GET", "/crm/v3/objects/boats", false},
            {"GET", "/crm/v3/properties/contacts", false},
            {"GET", "/crm/v3/owners", false},
            {"POST", "/crm/v3/exports/export/async", false},
            {"POST", "/crm/v3/imports", false},
            {"POST", "/collector/graphql", false},
            {"GET", "/no/such/thing", false},
        });
}

TEST_CASE("an upsert needs create and edit, a merge edit and delete, from one rule or several") {
  check(role_of({{"make", {"contacts"}, {"create"}, {}}}),
        {{"POST", "/crm/v3/objects/contacts/batch/upsert", false}});
  check(role_of({{"change", {"contacts"}, {"edit"}, {}}}),
        {{"POST", "/crm/v3/objects/contacts/batch/upsert", false},
         {"POST", "/crm/v3/objects/contacts/merge", false}});
  check(role_of({{"make", {"contacts"}, {"create"}, {}}, {"change", {"contacts"}, {"edit"}, {}}}),
        {{"POST", "/crm/v3/objects/contacts/batch/upsert", true},
         {"POST", "/crm/v3/objects/contacts/merge", false}});
  check(role_of({{"all", {"contacts"}, {"create", "edit", "delete"}, {}}}),
        {{"POST", "/crm/v3/objects/contacts/batch/upsert", true},
         {"POST", "/crm/v3/objects/contacts/merge", true},
         {"POST", "/crm/v3/objects/contacts/gdpr-delete", true},
         {"POST", "/crm/v3/objects/contacts/search", false}});
}

TEST_CASE("an association needs rights on both object types") {
  const std::vector<Case> both = {
      {"PUT", "/crm/v4/objects/contacts/1/associations/companies/2", true},
      {"PUT", "/crm/v4/objects/contacts/1/associations/default/companies/2", true},
      {"DELETE", "/crm/v4/objects/companies/1/associations/contacts/2", true},
      {"POST", "/crm/v4/associations/contacts/companies/batch/create", true},
      {"POST", "/crm/v4/associations/contacts/companies/batch/archive", true},
      {"GET", "/crm/v4/objects/contacts/1/associations/companies", false},
      {"PUT", "/crm/v4/objects/contacts/1/associations/deals/2", false},
      {"POST", "/crm/v4/associations/deals/contacts/batch/create", false},
  };
  check(role_of({{"edit", {"contacts", "companies"}, {"edit"}, {}}}), both);
  check(role_of({{"a", {"contacts"}, {"edit"}, {}}, {"b", {"companies"}, {"edit"}, {}}}), both);
  check(role_of({{"view", {"contacts"}, {"view"}, {}}}),
        {{"GET", "/crm/v4/objects/contacts/1/associations/companies", false},
         {"GET", "/crm/v3/objects/contacts?associations=companies", false},
         {"GET", "/crm/v3/objects/contacts/1?limit=1&associations=contacts,0-2", false},
         {"GET", "/crm/v3/objects/contacts?associations=contacts", true}});
  check(role_of({{"view", {"contacts", "companies"}, {"view"}, {}}}),
        {{"GET", "/crm/v4/objects/contacts/1/associations/companies", true},
         {"POST", "/crm/v4/associations/contacts/companies/batch/read", true},
         {"GET", "/crm/v3/objects/contacts?associations=companies", true}});
}

TEST_CASE("a star means every record object, and only records") {
  check(role_of({{"all", {"*"}, {"view"}, {}}}),
        {{"GET", "/crm/v3/objects/contacts", true},
         {"GET", "/crm/v3/objects/2-123", true},
         {"GET", "/crm/v3/objects/p_boats", true},
         {"GET", "/crm/v4/objects/deals/1/associations/tickets", true},
         {"GET", "/crm/v3/properties/contacts", false},
         {"GET", "/crm/v3/owners", false},
         {"GET", "/cms/v3/blogs/posts", false}});
}

TEST_CASE("operations are granted by name, narrowed by objects and actions") {
  check(role_of({{"schema", {}, {}, {"crm.properties.*"}}}), {{"GET", "/crm/v3/properties/contacts", true},
                                                              {"DELETE", "/crm/v3/properties/deals/x", true},
                                                              {"GET", "/crm/v3/owners", false}});
  check(role_of({{"schema", {"contacts"}, {"view"}, {"crm.properties.*"}}}),
        {{"GET", "/crm/v3/properties/contacts", true},
         {"POST", "/crm/v3/properties/contacts/batch/read", true},
         {"DELETE", "/crm/v3/properties/contacts/x", false},
         {"GET", "/crm/v3/properties/deals", false}});
  check(role_of({{"search", {"contacts"}, {}, {"crm.objects.search"}}}),
        {{"POST", "/crm/v3/objects/contacts/search", true},
         {"POST", "/crm/v3/objects/deals/search", false},
         {"GET", "/crm/v3/objects/contacts", false}});
}

TEST_CASE("imports, exports and their like are granted by their exact name only") {
  check(role_of({{"everything", {}, {}, {"*"}}}), {{"GET", "/crm/v3/objects/contacts", true},
                                                   {"GET", "/cms/v3/blogs/posts", true},
                                                   {"POST", "/crm/v3/exports/export/async", false},
                                                   {"POST", "/crm/v3/imports", false},
                                                   {"POST", "/collector/graphql", false},
                                                   {"GET", "/cms/v3/hubdb/tables/1/export", false}});
  check(role_of({{"export", {}, {}, {"crm.exports.export.async.create"}}}),
        {{"POST", "/crm/v3/exports/export/async", true},
         {"GET", "/crm/v3/exports/export/async/tasks/1/status", false}});
}

TEST_CASE("a rule that denies wins, wherever it stands and however the object is spelled") {
  Role role = role_of({{"all", {"*"}, {"view", "create", "edit", "delete"}, {}},
                       {"no-deletes", {"*"}, {"delete"}, {}, "deny"},
                       {"no-deals", {"deals"}, {}, {}, "deny"}});
  check(role, {{"GET", "/crm/v3/objects/contacts", true},
               {"POST", "/crm/v3/objects/contacts/merge", false},
               {"POST", "/crm/v3/objects/contacts/batch/archive", false},
               {"GET", "/crm/v3/objects/deals", false},
               {"GET", "/crm/v3/objects/0-3", false},
               {"GET", "/crm/v3/objects/Deal", false},
               {"POST", "/crm/v4/associations/contacts/deals/batch/read", false},
               {"GET", "/crm/v3/objects/contacts?associations=deals", false},
               {"GET", "/crm/v3/objects/contacts?ASSOCIATIONS=0-3", false},
               // A spelling that nobody knows might be deals.
               {"GET", "/crm/v3/objects/dealz", false},
               {"GET", "/crm/v3/objects/0-9999", true},
               {"GET", "/crm/v3/objects/2-77", true}});
  Role custom = role_of({{"all", {"*"}, {"view"}, {}}, {"no-boats", {"2-77"}, {}, {}, "deny"}});
  check(custom, {{"GET", "/crm/v3/objects/2-77", false},
                 {"GET", "/crm/v3/objects/2-78", true},
                 {"GET", "/crm/v3/objects/p_boats", false},
                 {"GET", "/crm/v3/objects/contacts", true}});
  check(role_of({{"all", {}, {}, {"*"}}, {"no-cms", {}, {"delete"}, {"cms.*"}, "deny"}}),
        {{"GET", "/cms/v3/blogs/posts", true}, {"DELETE", "/cms/v3/blogs/posts/1", false}});
}

TEST_CASE("a role in shadow records what it would deny and lets it pass, but nothing unknown") {
  Role role = role_of({{"read", {"contacts"}, {"view"}, {}}}, "shadow");
  CHECK(decided(role, "GET", "/crm/v3/objects/contacts").verdict == Decision::Verdict::Allow);
  CHECK(decided(role, "POST", "/crm/v3/objects/contacts").verdict == Decision::Verdict::ShadowDeny);
  CHECK(decided(role, "GET", "/no/such/thing").verdict == Decision::Verdict::Deny);
}

TEST_CASE("decisions say what an operator needs to know") {
  Role role = role_of({{"read", {"contacts"}, {"view"}, {}},
                       {"no-deals", {"deals"}, {"delete"}, {}, "deny"},
                       {"everything-else", {}, {}, {"cms.*"}}});
  struct Row {
    std::string_view method, target, rule, sentence;
  };
  const std::vector<Row> rows = {
      {"GET", "/crm/v3/objects/contacts", "read", "rule read of role reader allows view on contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/archive", "",
       "role reader has no rule that allows delete on contacts; POST /crm/objects/{objectType}/batch/archive "
       "(crm.objects.batch.archive) is delete"},
      {"DELETE", "/crm/v3/objects/deals/1", "no-deals",
       "rule no-deals of role reader denies delete on deals; DELETE /crm/objects/{objectType}/{objectId} "
       "(crm.objects.delete) is delete"},
      {"DELETE", "/crm/v3/objects/dealz/1", "no-deals",
       "rule no-deals of role reader denies delete on dealz; DELETE /crm/objects/{objectType}/{objectId} "
       "(crm.objects.delete) is delete; dealz may be another name of an object type that the rule denies: "
       "use its type "
       "id"},
      {"GET", "/crm/v3/owners", "",
       "role reader has no rule that allows the operation crm.owners.list, which is view; add it to the "
       "operations of a "
       "rule"},
      {"GET", "/crm/v3/properties/deals", "",
       "role reader has no rule that allows the operation crm.properties.list on deals, which is view; add "
       "it to the "
       "operations of a rule"},
      {"POST", "/crm/v3/exports/export/async", "",
       "role reader has no rule that allows the operation crm.exports.export.async.create, which is export; "
       "only a rule "
       "that names it exactly, without a star, does"},
      {"GET", "/crm/v3/objects/contacts?associations=deals", "",
       "role reader has no rule that allows view on deals, which the call asks for in its parameter "
       "associations"},
      {"PUT", "/crm/v4/objects/contacts/1/associations/companies/2", "",
       "role reader has no rule that allows edit on contacts; PUT "
       "/crm/objects/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId} "
       "(crm.objects.associations.put) is "
       "edit"},
      {"GET", "/cms/v3/blogs/posts", "everything-else",
       "rule everything-else of role reader allows the operation cms.blogs.posts.list"},
      {"GET", "/no/such/thing", "",
       "no operation of HubSpot is known at this path; what is not in the catalogue is denied"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    Decision decision = decided(role, row.method, row.target);
    CHECK(decision.rule == row.rule);
    CHECK(decision.sentence == row.sentence);
  }
}

TEST_CASE("an explanation shows the call as the gateway sees it") {
  Role role = role_of({{"read", {"contacts"}, {"view"}, {}}});
  CHECK(explain(role, catalogue(), "POST", "/crm/v3/objects/0-1/batch/archive") ==
        "call       POST /crm/v3/objects/0-1/batch/archive\n"
        "operation  crm.objects.batch.archive: delete\n"
        "objects    contacts\n"
        "version    v3, legacy; HubSpot ends its support on 2027-09-01\n"
        "scopes     crm.objects.contacts.write\n"
        "decision   denied: role reader has no rule that allows delete on contacts; POST "
        "/crm/objects/{objectType}/batch/archive (crm.objects.batch.archive) is delete\n");
  CHECK(
      explain(role, catalogue(), "GET", "/crm/objects/2026-09/contacts?limit=1&hapikey=x") ==
      "call       GET /crm/objects/2026-09/contacts\n"
      "operation  crm.objects.list: view\n"
      "objects    contacts\n"
      "version    2026-09, latest; HubSpot ends its support on 2028-03-08\n"
      "scopes     crm.objects.contacts.read\n"
      "decision   refused for every role: the query parameter \"hapikey\" is not forwarded: the gateway "
      "adds the "
      "credential itself, in a header; account API keys (hapikey) ended on 2022-11-30: make a service key or "
      "private app in the HubSpot account, store its token with `hubward connection add`, and send the "
      "client key as "
      "the bearer instead of hapikey (docs/connecting.md)\n");
  for (std::string_view oauth : {"/oauth/v1/token", "/oauth/v9/nothing"}) {
    std::string text = explain(role, catalogue(), "POST", oauth);
    CHECK(text.find("refused for every role: OAuth calls are not forwarded") != std::string::npos);
  }
  CHECK(explain(role, catalogue(), "GET", "/crm/v3/objects/contacts/../deals") ==
        "decision   refused for every role: the path of the call holds a dot segment\n");
  CHECK(explain(role, catalogue(), "GET\n", "/") ==
        "decision   refused for every role: the method is no word of letters\n");
  CHECK(explain(role, catalogue(), "DELETE", "/crm/v3/objects/contacts") ==
        "call       DELETE /crm/v3/objects/contacts\n"
        "decision   denied: HubSpot's operation at this path is not known with the method DELETE; known are: "
        "GET, POST\n");
}

TEST_CASE("a rule that cannot mean what it says is refused with the word that is wrong") {
  struct Row {
    RuleText rule;
    std::string_view message;
  };
  const std::vector<Row> rows = {
      {{"", {"contacts"}, {"view"}, {}}, "role reader, rule without a name: it needs a name"},
      {{"r", {}, {}, {}}, "role reader, rule r: it names neither objects nor operations"},
      {{"r", {"contacts"}, {}, {}}, "names no actions"},
      {{"r", {"contacts"}, {"read"}, {}},
       "\"read\" is no action; there are view, create, edit, delete and export"},
      {{"r", {"contacts"}, {"export"}, {}}, "export is not an action on records"},
      {{"r", {"boats"}, {"view"}, {}}, "\"boats\" is no object type that Hubward knows"},
      {{"r", {"contacts"}, {"view"}, {}, "permit"}, "effect is \"permit\"; it is allow or deny"},
      {{"r", {}, {}, {"crm.object.list"}}, "did you mean crm.objects.list?"},
      {{"r", {}, {}, {"crm.*.list"}}, "a star stands alone or at the end"},
      {{"r", {}, {}, {"crm.obj*"}}, "a star stands alone or at the end"},
      {{"r", {}, {}, {"nothing.*"}}, "\"nothing.*\" covers no operation"},
      {{"r", {}, {}, {"crm.exports.*"}}, "covers only operations that are granted by their exact name"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    CHECK(trouble(row.rule).find(row.message) != std::string::npos);
  }
  auto twice =
      make_role({"reader", "enforce", {{"r", {"*"}, {"view"}, {}}, {"r", {"*"}, {"edit"}, {}}}}, catalogue());
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message.find("same name") != std::string::npos);
  auto mode = make_role({"reader", "loose", {}}, catalogue());
  REQUIRE_FALSE(mode);
  CHECK(mode.error().message == "role reader: mode is \"loose\"; it is enforce or shadow");
  CHECK(make_role({"reader", "enforce", {{"r", {}, {}, {"crm.exports.*"}, "deny"}}}, catalogue()));
}
