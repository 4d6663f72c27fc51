// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>

#include "sandbox/fake_lab.hpp"

namespace hubward::sandbox {

using namespace std::chrono_literals;

TEST_CASE("a record is created, read by id and by e-mail, changed, cleared and archived") {
  Lab lab;
  TimePoint created = lab.clock.now();
  std::string id = lab.contact("Ada@Example.com");
  const Json record = Lab::json(lab.call("GET", "/crm/v3/objects/contacts/" + id));
  CHECK(record["id"].text() == id);
  CHECK(record["properties"]["email"].text() == "ada@example.com");
  CHECK(record["properties"]["firstname"].is_null());
  CHECK(record["properties"]["hs_object_id"].text() == id);
  CHECK(record["createdAt"].text() == to_iso8601(created));
  CHECK(record["archived"].boolean() == false);

  lab.clock.advance(5s);
  std::string by_email = "/crm/objects/2026-03/0-1/ADA%40example.com?idProperty=email";
  CHECK(lab.call("PATCH", by_email, R"({"properties":{"firstname":"Ada","phone":7}})").status == 200);
  const Json changed = Lab::json(
      lab.call("GET", "/crm/objects/v3/contact/" + id + "?properties=firstname,phone&properties=nonsense"));
  CHECK(changed["properties"]["firstname"].text() == "Ada");
  CHECK(changed["properties"]["phone"].text() == "7");
  CHECK_FALSE(changed["properties"].has("nonsense"));
  CHECK_FALSE(changed["properties"].has("email"));
  CHECK(changed["updatedAt"].text() == to_iso8601(created + 5s));

  lab.call("PATCH", "/crm/v3/objects/contacts/" + id, R"({"properties":{"firstname":""}})");
  const Json cleared =
      Lab::json(lab.call("GET", "/crm/v3/objects/contacts/" + id + "?propertiesWithHistory=firstname"));
  CHECK(cleared["properties"]["firstname"].is_null());
  CHECK(cleared["propertiesWithHistory"]["firstname"].items().size() == 2);

  CHECK(lab.call("DELETE", "/crm/v3/objects/contacts/" + id).status == 204);
  CHECK(lab.call("DELETE", "/crm/v3/objects/contacts/" + id).status == 204);
  CHECK(lab.call("GET", "/crm/v3/objects/contacts/" + id).status == 404);
  const Json archived = Lab::json(lab.call("GET", "/crm/v3/objects/contacts/" + id + "?archived=true"));
  CHECK(archived["archived"].boolean() == true);
  CHECK(archived.has("archivedAt"));
  CHECK_FALSE(lab.contact("ada@example.com").empty());  // the address is free again
}

TEST_CASE(
    "a list is paged by the last id, and its links are whole addresses in the other order of the path") {
  Lab lab;
  for (int i = 0; i < 5; ++i) lab.contact("c" + std::to_string(i) + "@example.com");
  std::string target = "/crm/v3/objects/contacts?limit=2&properties=email";
  std::set<std::string> ids;
  int pages = 0;
  for (std::string after; pages < 10;) {
    const Json page = Lab::json(lab.call("GET", target + after));
    ++pages;
    for (const Json& record : page["results"].items()) ids.insert(record["id"].text_or(""));
    if (!page.has("paging")) break;
    after = "&after=" + page["paging"]["next"]["after"].text_or("");
    CHECK(page["paging"]["next"]["link"].text() ==
          "https://api.hubapi.com/crm/objects/v3/contacts?limit=2" + after + "&properties=email");
  }
  CHECK(pages == 3);
  CHECK(ids.size() == 5);
}

TEST_CASE("batches: all or nothing, unless every input carries its trace id") {
  Lab lab;
  std::string create = "/crm/v3/objects/contacts/batch/create";
  Answer failed = lab.call(
      "POST", create, R"({"inputs":[{"properties":{"email":"a@x.example"}},{"properties":{"nope":"1"}}]})");
  CHECK(failed.status == 400);
  CHECK(Lab::json(lab.call("GET", "/crm/v3/objects/contacts"))["results"].items().empty());
  Answer mixed = lab.call("POST", create, R"({"inputs":[
      {"objectWriteTraceId":"t1","properties":{"email":"a@x.example"}},
      {"objectWriteTraceId":"t2","properties":{"nope":"1"}}]})");
  const Json body = Lab::json(mixed);
  CHECK(mixed.status == 207);
  CHECK(body["numErrors"].integer() == 1);
  CHECK(body["results"].items().at(0)["objectWriteTraceId"].text() == "t1");
  CHECK(body["errors"].items().at(0)["context"]["objectWriteTraceId"] == Json::array({"t2"}));
  CHECK(
      lab.call(
             "POST", create,
             R"({"inputs":[{"properties":{"email":"z@x.example"}},{"properties":{"email":"Z@x.example"}}]})")
          .status == 400);
  std::string many = "{\"inputs\":[";
  for (int i = 0; i < 101; ++i) many += i == 0 ? "{\"properties\":{}}" : ",{\"properties\":{}}";
  CHECK(lab.call("POST", create, many + "]}").status == 400);
}

TEST_CASE("a batch read that misses some answers 207 and names them") {
  Lab lab;
  std::string id = lab.contact("a@x.example");
  Answer answer = lab.call("POST", "/crm/v3/objects/contacts/batch/read",
                           R"({"properties":["email"],"inputs":[{"id":")" + id + R"("},{"id":"999"}]})");
  const Json body = Lab::json(answer);
  CHECK(answer.status == 207);
  CHECK(body["status"].text() == "COMPLETE");
  CHECK(body["results"].items().size() == 1);
  const Json& error = body["errors"].items().at(0);
  CHECK(error["category"].text() == "OBJECT_NOT_FOUND");
  CHECK(error["message"].text() ==
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.");
  CHECK(error["context"]["ids"] == Json::array({"999"}));
}

TEST_CASE("upsert creates or changes by a unique property") {
  Lab lab;
  lab.contact("a@x.example");
  const Json body = Lab::json(lab.call("POST", "/crm/v3/objects/contacts/batch/upsert", R"({"inputs":[
      {"idProperty":"email","id":"a@x.example","properties":{"firstname":"A"}},
      {"idProperty":"email","id":"b@x.example","properties":{"firstname":"B"}}]})"));
  CHECK(body["results"].items().at(0)["new"].boolean() == false);
  CHECK(body["results"].items().at(1)["new"].boolean() == true);
  CHECK(body["results"].items().at(1)["properties"]["email"].text() == "b@x.example");
  CHECK(lab.call("POST", "/crm/v3/objects/contacts/batch/upsert",
                 R"({"inputs":[{"idProperty":"firstname","id":"A","properties":{}}]})")
            .status == 400);
}

TEST_CASE("merging keeps the first record's values, fills its gaps, and the merged id still leads there") {
  Lab lab;
  std::string keep = lab.contact("keep@x.example"), gone = lab.contact("gone@x.example");
  lab.call("PATCH", "/crm/v3/objects/contacts/" + gone, R"({"properties":{"phone":"1"}})");
  Answer merged = lab.call("POST", "/crm/v3/objects/contacts/merge",
                           R"({"primaryObjectId":")" + keep + R"(","objectIdToMerge":")" + gone + "\"}");
  CHECK(merged.status == 200);
  const Json record =
      Lab::json(lab.call("GET", "/crm/v3/objects/contacts/" + gone + "?properties=email,phone"));
  CHECK(record["id"].text() == keep);
  CHECK(record["properties"]["email"].text() == "keep@x.example");
  CHECK(record["properties"]["phone"].text() == "1");
}

TEST_CASE("a record erased for privacy leaves nothing, not even archived") {
  Lab lab;
  std::string id = lab.contact("a@x.example");
  CHECK(lab.call("POST", "/crm/v3/objects/contacts/gdpr-delete",
                 R"({"idProperty":"email","objectId":"a@x.example"})")
            .status == 204);
  CHECK(lab.call("GET", "/crm/v3/objects/contacts/" + id + "?archived=true").status == 404);
}

TEST_CASE("search: operators, groups, sorting, paging") {
  Lab lab;
  lab.world.settings.search_limit = false;
  for (auto [name, amount] : {std::pair{"Red boat", "5"}, {"Blue boat", "40"}, {"Green car", "300"}})
    lab.call("POST", "/crm/v3/objects/deals",
             R"({"properties":{"dealname":")" + std::string(name) + R"(","amount":")" + amount +
                 R"(","dealstage":"closedwon","closedate":"2026-01-0)" + std::string(1, amount[0]) + "\"}}");
  lab.call("POST", "/crm/v3/objects/deals", R"({"properties":{"dealname":"Nothing"}})");
  struct Case {
    const char *filters, *names;
  };
  for (const Case& c : {
           Case{R"({"propertyName":"amount","operator":"GT","value":"5"})", "Blue boat,Green car"},
           Case{R"({"propertyName":"amount","operator":"GTE","value":"5"})", "Blue boat,Green car,Red boat"},
           Case{R"({"propertyName":"amount","operator":"LT","value":"40"})", "Red boat"},
           Case{R"({"propertyName":"amount","operator":"LTE","value":"40"})", "Blue boat,Red boat"},
           Case{R"({"propertyName":"amount","operator":"EQ","value":"40.0"})", "Blue boat"},
           Case{R"({"propertyName":"amount","operator":"NEQ","value":"40"})", "Green car,Nothing,Red boat"},
           Case{R"({"propertyName":"amount","operator":"BETWEEN","value":"6","highValue":"300"})",
                "Blue boat,Green car"},
           Case{R"({"propertyName":"dealname","operator":"EQ","value":"red BOAT"})", "Red boat"},
           Case{R"({"propertyName":"dealname","operator":"IN","values":["red boat","GREEN CAR"]})",
                "Red boat"},
           Case{R"({"propertyName":"dealname","operator":"NOT_IN","values":["red boat"]})",
                "Blue boat,Green car,Nothing"},
           Case{R"({"propertyName":"dealstage","operator":"EQ","value":"CLOSEDWON"})", ""},
           Case{R"({"propertyName":"amount","operator":"HAS_PROPERTY"})", "Blue boat,Green car,Red boat"},
           Case{R"({"propertyName":"amount","operator":"NOT_HAS_PROPERTY"})", "Nothing"},
           Case{R"({"propertyName":"dealname","operator":"CONTAINS_TOKEN","value":"boat"})",
                "Blue boat,Red boat"},
           Case{R"({"propertyName":"dealname","operator":"CONTAINS_TOKEN","value":"bo"})", ""},
           Case{R"({"propertyName":"dealname","operator":"CONTAINS_TOKEN","value":"bo*"})",
                "Blue boat,Red boat"},
           Case{R"({"propertyName":"dealname","operator":"NOT_CONTAINS_TOKEN","value":"boat"})",
                "Green car,Nothing"},
           Case{R"({"propertyName":"closedate","operator":"GT","value":"1767398400000"})",
                "Blue boat,Red boat"},
       }) {
    CAPTURE(c.filters);
    const Json body =
        Lab::json(lab.call("POST", "/crm/v3/objects/deals/search",
                           R"({"sorts":["dealname"],"filters":[)" + std::string(c.filters) + "]}"));
    std::string names;
    for (const Json& record : body["results"].items())
      names += (names.empty() ? "" : ",") + record["properties"]["dealname"].text_or("");
    CHECK(names == c.names);
  }
  const Json page = Lab::json(
      lab.call("POST", "/crm/v3/objects/deals/search",
               R"({"sorts":[{"propertyName":"amount","direction":"DESCENDING"}],"limit":1,"after":"1"})"));
  CHECK(page["total"].integer() == 4);
  CHECK(page["results"].items().at(0)["properties"]["dealname"].text() == "Blue boat");
  CHECK(page["paging"]["next"]["after"].text() == "2");
  const Json groups = Lab::json(lab.call("POST", "/crm/v3/objects/deals/search", R"({"filterGroups":[
      {"filters":[{"propertyName":"amount","operator":"EQ","value":"5"}]},
      {"filters":[{"propertyName":"amount","operator":"EQ","value":"300"},{"propertyName":"dealname","operator":"EQ","value":"x"}]}]})"));
  CHECK(groups["total"].integer() == 1);
  CHECK(Lab::json(lab.call("POST", "/crm/v3/objects/deals/search", R"({"query":"green"})"))["total"]
            .integer() == 1);
}

TEST_CASE("search refuses what is beyond its limits") {
  Lab lab;
  lab.world.settings.search_limit = false;
  std::string filter = R"({"propertyName":"email","operator":"HAS_PROPERTY"})", seven = filter, group;
  for (int i = 0; i < 6; ++i) seven += "," + filter;
  std::string six_groups = R"({"filters":[]})";
  for (int i = 0; i < 5; ++i) six_groups += R"(,{"filters":[]})";
  std::string five = filter + "," + filter + "," + filter + "," + filter + "," + filter;
  for (int i = 0; i < 4; ++i) group += (i == 0 ? "" : ",") + (R"({"filters":[)" + five + "]}");
  for (const std::string& body :
       {R"({"filters":[)" + seven + "]}", R"({"filterGroups":[)" + six_groups + "]}",
        R"({"filterGroups":[)" + group + "]}", std::string(R"({"limit":201})"),
        std::string(R"({"after":"9999","limit":2})"), std::string(R"({"sorts":["a","b"]})"),
        R"({"query":")" + std::string(3001, 'x') + "\"}"}) {
    CAPTURE(body);
    Answer answer = lab.call("POST", "/crm/v3/objects/contacts/search", body);
    CHECK(answer.status == 400);
    CHECK(answer.body.contains("VALIDATION_ERROR"));
  }
}

TEST_CASE("associations go both ways, with their labels, and end with the record") {
  Lab lab;
  std::string contact = lab.contact("a@x.example");
  std::string company(
      Lab::json(lab.call("POST", "/crm/v3/objects/companies", R"({"properties":{"name":"C"}})"))["id"]
          .text_or(""));
  std::string from = "/crm/v4/objects/contacts/" + contact + "/associations/",
              back = "/crm/v4/objects/companies/" + company + "/associations/contacts";
  Answer put = lab.call("PUT", from + "companies/" + company,
                        R"([{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}])");
  CHECK(put.status == 201);
  CHECK(Lab::json(put)["labels"] == Json::array({"Primary"}));
  CHECK(Lab::json(put)["toObjectId"].is_number());
  const Json there = Lab::json(lab.call("GET", from + "companies"));
  CHECK(there["results"].items().at(0)["associationTypes"].items().size() == 2);  // primary and plain
  CHECK(Lab::json(lab.call("GET", back))["results"]
            .items()
            .at(0)["associationTypes"]
            .items()
            .at(0)["typeId"]
            .integer() == 2);
  const Json dated =
      Lab::json(lab.call("GET", "/crm/objects/2026-03/contacts/" + contact + "/associations/companies"));
  CHECK(dated["results"].items().at(0)["toObjectId"].text() == company);
  CHECK(Lab::json(lab.call("GET", "/crm/v3/objects/contacts/" + contact +
                                      "?associations=companies"))["associations"]["companies"]["results"]
            .items()
            .size() == 2);
  Answer wrong = lab.call("PUT", from + "companies/" + company,
                          R"([{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":3}])");
  CHECK(wrong.status == 400);
  CHECK(Lab::json(wrong)["subCategory"].text() == "crm.associations.INVALID_ASSOCIATION_TYPE");
  Answer nobody = lab.call("PUT", from + "companies/999",
                           R"([{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}])");
  CHECK(nobody.status == 404);
  CHECK(Lab::json(nobody)["subCategory"].text() == "crm.associations.TO_OBJECT_NOT_FOUND");
  Answer none = lab.call("POST", "/crm/v4/associations/contacts/deals/batch/read",
                         R"({"inputs":[{"id":")" + contact + "\"}]}");
  CHECK(none.status == 207);
  CHECK(Lab::json(none)["errors"].items().at(0)["subCategory"].text() ==
        "crm.associations.NO_ASSOCIATIONS_FOUND");
  lab.call("DELETE", "/crm/v3/objects/companies/" + company);
  CHECK(Lab::json(lab.call("GET", from + "companies"))["results"].items().empty());
}

TEST_CASE("a custom object has its own schema, records and scopes") {
  Lab lab;
  Answer made = lab.call("POST", "/crm-object-schemas/v3/schemas",
                         R"({"name":"car","labels":{"singular":"Car","plural":"Cars"},
      "requiredProperties":["model"],"associatedObjects":["contacts"],"primaryDisplayProperty":"model",
      "properties":[{"name":"model","label":"Model","type":"string","fieldType":"text"}]})");
  CHECK(made.status == 201);
  std::string type(Lab::json(made)["objectTypeId"].text_or(""));
  CHECK(type.starts_with("2-"));
  for (const std::string& name :
       {type, std::string("car"), std::string("p_car"), std::string("p9100001_car")}) {
    CAPTURE(name);
    CHECK(lab.call("POST", "/crm/objects/2026-09/" + name, R"({"properties":{"model":"T"}})").status == 201);
  }
  CHECK(lab.call("POST", "/crm/v3/objects/car", R"({"properties":{}})").body.contains("Error creating CAR."));
  CHECK(lab.call("GET", "/crm/v3/schemas/car").status == 200);
  CHECK(lab.call("DELETE", "/crm-object-schemas/v3/schemas/car").status == 400);
  lab.token = Lab::readonly_token;
  CHECK(lab.call("GET", "/crm/v3/objects/car").body.contains("crm.objects.custom.read"));
}

}  // namespace hubward::sandbox
