// SPDX-License-Identifier: Apache-2.0
#include "hubspot/catalogue.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "hubspot/scopes.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

const Catalogue& catalogue() {
  static const Catalogue built_in = Catalogue::built_in();
  return built_in;
}

// A match with the path it points into.
struct Found {
  CanonicalPath path;
  std::expected<Match, Unmatched> match;

  Found(std::string_view method, std::string_view text)
      : path(canonicalise(text).value()), match(catalogue().find(method, path)) {}
};

std::string objects_of(const Match& match) {
  std::string text;
  for (const ObjectName& object : match.objects()) text.append(text.empty() ? "" : " ").append(object.text);
  return text;
}

std::string scopes_of(const Match& match) {
  std::string text;
  for (const ScopeNeed* need : match.scopes()) text.append(text.empty() ? "" : "; ").append(to_text(*need));
  return text;
}

}  // namespace

TEST_CASE("an operation has one name, whatever the order, version and spelling of its path") {
  struct Row {
    std::string_view method, path, name, effects, objects;
  };
  const std::vector<Row> rows = {
      {"GET", "/crm/v3/objects/contacts", "crm.objects.list", "view", "contacts"},
      {"GET", "/crm/objects/v3/contacts", "crm.objects.list", "view", "contacts"},
      {"GET", "/crm/objects/2025-09/contact", "crm.objects.list", "view", "contacts"},
      {"GET", "/crm/objects/2026-03/0-1", "crm.objects.list", "view", "contacts"},
      {"GET", "/crm/objects/2026-09/CONTACTS", "crm.objects.list", "view", "contacts"},
      {"GET", "/crm/v3/objects/2-123/9", "crm.objects.read", "view", "2-123"},
      {"GET", "/crm/v3/objects/p_boats/9", "crm.objects.read", "view", "p_boats"},
      {"POST", "/crm/v3/objects/contacts", "crm.objects.create", "create", "contacts"},
      {"PATCH", "/crm/v3/objects/contacts/1", "crm.objects.update", "edit", "contacts"},
      {"DELETE", "/crm/v3/objects/contacts/1", "crm.objects.delete", "delete", "contacts"},
      {"POST", "/crm/v3/objects/contacts/search", "crm.objects.search", "view", "contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/read", "crm.objects.batch.read", "view", "contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/create", "crm.objects.batch.create", "create", "contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/update", "crm.objects.batch.update", "edit", "contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/upsert", "crm.objects.batch.upsert", "create and edit",
       "contacts"},
      {"POST", "/crm/v3/objects/contacts/batch/archive", "crm.objects.batch.archive", "delete", "contacts"},
      {"POST", "/crm/v3/objects/contacts/gdpr-delete", "crm.objects.gdpr_delete", "delete", "contacts"},
      {"POST", "/crm/objects/v3/contacts/gdpr-delete", "crm.objects.gdpr_delete", "delete", "contacts"},
      {"POST", "/crm/v3/objects/contacts/merge", "crm.objects.merge", "edit and delete", "contacts"},
      {"PUT", "/crm/v4/objects/contacts/1/associations/companies/2", "crm.objects.associations.put", "edit",
       "contacts companies"},
      {"PUT", "/crm/v4/objects/contacts/1/associations/default/companies/2",
       "crm.objects.associations.default.put", "edit", "contacts companies"},
      {"GET", "/crm/v4/objects/contact/1/associations/0-2", "crm.objects.associations.list", "view",
       "contacts companies"},
      {"DELETE", "/crm/v4/objects/contacts/1/associations/companies/2", "crm.objects.associations.delete",
       "edit", "contacts companies"},
      {"POST", "/crm/v4/associations/contacts/companies/batch/create", "crm.associations.batch.create",
       "edit", "contacts companies"},
      {"POST", "/crm/associations/v4/contacts/companies/batch/archive", "crm.associations.batch.archive",
       "edit", "contacts companies"},
      {"POST", "/crm/associations/2026-03/deals/tickets/batch/read", "crm.associations.batch.read", "view",
       "deals tickets"},
      {"GET", "/crm/v4/associations/deals/tickets/labels", "crm.associations.labels.list", "view",
       "deals tickets"},
      {"GET", "/crm/v3/properties/contacts", "crm.properties.list", "view", "contacts"},
      {"GET", "/crm/v3/properties/contacts/email", "crm.properties.read", "view", "contacts"},
      {"POST", "/crm/v3/properties/contacts/batch/archive", "crm.properties.batch.archive", "delete",
       "contacts"},
      {"GET", "/crm/v3/owners/", "crm.owners.list", "view", ""},
      {"GET", "/crm/v3/owners/7", "crm.owners.read", "view", ""},
      {"POST", "/deal-splits/2026-03/batch/upsert", "deal_splits.batch.upsert", "create and edit", "deals"},
      {"GET", "/account-info/v3/details", "account_info.details.read", "view", ""},
      {"GET", "/settings/v3/users/", "settings.users.list", "view", ""},
      {"GET", "/settings/users/v3", "settings.users.list", "view", ""},
      {"GET", "/cms/v3/audit-logs/", "cms.audit_logs.list", "view", ""},
      {"GET", "/cms/audit-logs/v3", "cms.audit_logs.list", "view", ""},
      {"GET", "/webhooks/v3/17/settings", "webhooks.settings.read", "view", ""},
      {"GET", "/app-webhooks/2025-09/17/settings", "webhooks.settings.read", "view", ""},
      {"POST", "/crm/v3/imports", "crm.imports.create", "create and edit", ""},
      {"POST", "/crm/v3/exports/export/async", "crm.exports.export.async.create", "export", ""},
      {"POST", "/collector/graphql", "collector.graphql", "view and export", ""},
      {"GET", "/crm/v3/schemas", "crm.schemas.list", "view", ""},
      {"GET", "/crm-object-schemas/v3/schemas", "crm.schemas.list", "view", ""},
      {"POST", "/oauth/v2/private-apps/get/access-token-info", "oauth.private_apps.get.access_token_info",
       "view", ""},
      {"POST", "/submissions/v3/integration/submit/1/a-b", "forms.submissions.submit", "create", ""},
      {"GET", "/files/v3/folders/a/b/c", "files.folders.read", "view", ""},
      {"GET", "/cms/v3/source-code/draft/content/a%2Fb", "cms.source_code.content.read", "view", ""},
      {"PUT", "/cms/v3/source-code/draft/content/a/b", "cms.source_code.content.put", "create and edit", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    Found found(row.method, row.path);
    REQUIRE(found.match);
    CHECK(found.match->operation->name == row.name);
    CHECK(to_text(found.match->operation->effects) == row.effects);
    CHECK(objects_of(*found.match) == row.objects);
  }
}

TEST_CASE("what is not in the catalogue is not found, and the reason is told apart") {
  using Why = Unmatched::Why;
  struct Row {
    std::string_view method, path;
    Why why;
  };
  const std::vector<Row> rows = {
      {"GET", "/crm/v3", Why::NoSuchOperation},
      {"GET", "/crm/v3/objects/contacts/1/2/3/4", Why::NoSuchOperation},
      {"GET", "/contacts/v1/lists/all/contacts/all", Why::NoSuchOperation},
      {"GET", "/CRM/v3/objects/contacts", Why::NoSuchOperation},
      {"POST", "/crm/v3/objects/contacts/splits/batch/read", Why::NoSuchOperation},
      {"GET", "/crm/objects/contacts", Why::NoSuchVersion},
      {"GET", "/crm/v9/objects/contacts", Why::NoSuchVersion},
      {"GET", "/crm/2026-03/objects/contacts", Why::NoSuchVersion},
      {"GET", "/crm/objects/contacts/v3", Why::NoSuchVersion},
      {"GET", "/crm/v3/objects/contacts/search", Why::NoSuchMethod},
      {"HEAD", "/crm/v3/objects/contacts", Why::NoSuchMethod},
      {"get", "/crm/v3/objects/contacts", Why::NoSuchMethod},
      {"PUT", "/crm/v3/objects/contacts/1", Why::NoSuchMethod},
      {"DELETE", "/crm/v3/objects/contacts/batch/archive", Why::NoSuchMethod},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    Found found(row.method, row.path);
    REQUIRE_FALSE(found.match);
    CHECK(found.match.error().why == row.why);
  }
  Found search("GET", "/crm/v3/objects/contacts/search");
  CHECK(to_sentence(search.match.error(), "GET", search.path) ==
        "HubSpot's operation at this path is not known with the method GET; known are: POST");
}

TEST_CASE("parameters carry the template's names and decoded values") {
  Found found("GET", "/crm/v3/objects/contacts/a%40b.c");
  REQUIRE(found.match);
  REQUIRE(found.match->parameters().size() == 2);
  CHECK(found.match->parameters()[0].name == "objectType");
  CHECK(found.match->parameters()[0].value == "contacts");
  CHECK(found.match->parameters()[1].name == "objectId");
  CHECK(found.match->parameters()[1].value == "a@b.c");
  Found tail("GET", "/files/v3/files/stat/a/b.png");
  REQUIRE(tail.match);
  CHECK(tail.match->parameters()[0].value == "a/b.png");
}

TEST_CASE("scopes are those of the object type in the path") {
  struct Row {
    std::string_view method, path, scopes;
  };
  const std::vector<Row> rows = {
      {"GET", "/crm/v3/objects/contacts", "crm.objects.contacts.read"},
      {"POST", "/crm/v3/objects/contacts/search", "crm.objects.contacts.read"},
      {"POST", "/crm/v3/objects/contacts/batch/archive", "crm.objects.contacts.write"},
      {"GET", "/crm/v3/objects/2-123", "crm.objects.custom.read"},
      {"POST", "/crm/v3/objects/p_boats", "crm.objects.custom.write"},
      {"GET", "/crm/v3/objects/tickets", "tickets"},
      // Some versions state an AND, others a flat list: both are demanded.
      {"GET", "/crm/v3/objects/emails", "crm.objects.contacts.read and sales-email-read"},
      {"POST", "/crm/v4/associations/contacts/deals/batch/create",
       "crm.objects.contacts.write; crm.objects.deals.write"},
      {"GET", "/account-info/v3/activity/login", "account-info.security.read"},
      {"GET", "/account-info/v3/details", "oauth"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    Found found(row.method, row.path);
    REQUIRE(found.match);
    CHECK(scopes_of(*found.match) == row.scopes);
  }
  Found properties("GET", "/crm/v3/properties/contacts");
  REQUIRE(properties.match);
  for (const ScopeNeed::All& all : properties.match->scopes().front()->any_of) {
    CHECK(all.front().find("contacts") != std::string_view::npos);
  }
}

TEST_CASE("versions carry their stage and the day on which support ends") {
  using namespace std::chrono;
  Found legacy("GET", "/crm/v3/objects/contacts"), v4("GET", "/crm/v4/associations/deals/tickets/labels"),
      oauth("POST", "/oauth/v1/token"), dated("GET", "/crm/objects/2026-03/contacts"),
      latest("GET", "/crm/objects/2026-09/contacts"), beta("GET", "/crm/objects/2026-09-beta/contacts");
  CHECK(legacy.match->sunset == sys_days(2027y / 9 / 1));
  CHECK(v4.match->sunset == sys_days(2027y / 3 / 30));
  CHECK(oauth.match->sunset == sys_days(2027y / 2 / 16));
  CHECK(dated.match->sunset == sys_days(2027y / 9 / 30));
  CHECK(latest.match->stage == Stage::Latest);
  CHECK(beta.match->stage == Stage::Beta);
  CHECK_FALSE(beta.match->sunset);
}

TEST_CASE("the table's own promises hold") {
  std::set<std::string> seen;
  for (const Operation& operation : catalogue().operations()) {
    CAPTURE(operation.name);
    CAPTURE(operation.path_template);
    CHECK_FALSE(operation.effects.empty());
    CHECK(seen.insert(std::string(operation.method) + " " + std::string(operation.path_template)).second);
    // Nothing that leaves in bulk may be granted by a rule about objects or a star.
    if (operation.effects.has(Effect::Export)) CHECK(operation.explicit_only);
    // A GET never changes anything.
    if (operation.method == "GET") CHECK(operation.effects.within({Effect::View, Effect::Export}));
    if (operation.subject != Subject::Other) CHECK(operation.path_template.find("/") == 0);
    for (char c : operation.name)
      CHECK((c == '.' || c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')));
  }
  CHECK(seen.size() > 800);
}

TEST_CASE("the free tails that paths know are those of the catalogue") {
  for (const Operation& operation : catalogue().operations()) {
    std::string path;
    bool first = true;
    for (char c : operation.path_template.substr(1)) {
      path.push_back(c == '{' ? 'x' : c == '}' ? 'x' : c);
      if (c == '/' && first) {
        path += "v3/";
        first = false;
      }
    }
    path = "/" + path;
    CAPTURE(operation.path_template);
    if (operation.path_template == "/collector/graphql") continue;
    // An encoded slash in the last segment is taken where, and only where, the template ends in a free tail.
    if (operation.path_template.ends_with('}') &&
        operation.name.find("folders.update") == std::string_view::npos) {
      CHECK(canonicalise(path + "%2Fy").has_value() == operation.free_tail);
    }
  }
}

TEST_CASE("a broken table is refused with its line") {
  struct Row {
    std::string_view table, problem;
  };
  const std::vector<Row> rows = {
      {"nonsense", "line 1: column 1"},
      {"version\tv3\tlegacy", "line 1: a version has 4 columns"},
      {"version\tv3\told\t", "column 3 is no stage"},
      {"version\tv3\tlegacy\t2027-13-01", "column 4 is no day"},
      {"object\tcontacts\t0-2\tcontact\ta\tb", "column 3 is the id of another type"},
      {"object\tcontacts\t0-1\tcompany\ta\tb", "column 4 holds a spelling of another type"},
      {"version\tv3\tlegacy\t\noperation\ta\tGET\t/a\t\tq\tother\t\t\tv3@1\t", "line 2: column 6"},
      {"version\tv3\tlegacy\t\noperation\ta\tGET\t/a\t\tv\tthings\t\t\tv3@1\t", "line 2: column 7"},
      {"version\tv3\tlegacy\t\noperation\ta\tGET\t/a\t\tv\tother\tloud\t\tv3@1\t", "line 2: column 8"},
      {"version\tv3\tlegacy\t\noperation\ta\tGET\t/a\t\tv\tother\t\t\tv4@1\t", "line 2: column 10"},
      {"version\tv3\tlegacy\t\noperation\ta\tGET\t/a\t\tv\tother\t\t\tv3@1\t@S9", "line 2: column 11"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.table);
    auto parsed = Catalogue::parse(row.table);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(row.problem) != std::string::npos);
  }
}
