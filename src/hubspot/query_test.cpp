// SPDX-License-Identifier: Apache-2.0
#include "hubspot/query.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::hubspot;

namespace {

std::string forbidden_in(std::string_view text) {
  return std::string(Query::parse(text).value().forbidden_parameter().value_or("nothing"));
}

std::string associated_in(std::string_view text) {
  std::string names;
  for (const ObjectName& object : Query::parse(text).value().associated_objects()) {
    names.append(names.empty() ? "" : " ").append(object.text);
  }
  return names;
}

}  // namespace

TEST_CASE("a query is read in order, with repeated names, and sent as it came") {
  auto query = Query::parse("limit=10&properties=a&properties=b%20c&q=x+y&flag&&empty=");
  REQUIRE(query);
  CHECK(query->sent() == "limit=10&properties=a&properties=b%20c&q=x+y&flag&&empty=");
  std::string seen;
  for (const Query::Parameter& parameter : query->parameters())
    seen += parameter.name + "[" + parameter.value + "]";
  CHECK(seen == "limit[10]properties[a]properties[b c]q[x y]flag[]empty[]");
  CHECK(query->find("properties") == "a");
  CHECK_FALSE(query->find("Limit"));
  CHECK(Query::parse("")->parameters().empty());
}

TEST_CASE("a query that cannot be read is refused") {
  for (std::string_view bad : {"a=%", "a=%4", "a=%zz", "%=a", "a=%00", "a=%0d%0a", "a=%ff", "a=%c0%80", "a=#",
                               "a=\"b\"", "a= b", "a=<b>", "a=\\", "a=\xc3\xa4"}) {
    CAPTURE(bad);
    auto query = Query::parse(bad);
    REQUIRE_FALSE(query);
    CHECK(query.error().code == "QUERY_REFUSED");
  }
  CHECK_FALSE(Query::parse(std::string(Query::max_bytes + 1, 'a')));
  std::string many;
  for (std::size_t i = 0; i <= Query::max_parameters; ++i) many += "a&";
  CHECK_FALSE(Query::parse(many));
}

TEST_CASE("credentials and method overrides in a query are found in any spelling") {
  for (std::string_view text :
       {"hapikey=x", "a=b&hapikey=x", "HAPIKEY=x", "HapiKey", "%68apikey=x", "h%61pi%6Bey=x", "%2568apikey=x",
        "%252568apikey=x", "+hapikey=x", "hapikey%20=x", "hapikey[]=x", "hapikey%5B0%5D=x", "a;hapikey=x",
        "a=b;hapikey=x", "a=b%3Bhapikey=x"}) {
    CAPTURE(text);
    CHECK(forbidden_in(text) == "hapikey");
  }
  CHECK(forbidden_in("access_token=x") == "access_token");
  CHECK(forbidden_in("_method=DELETE") == "_method");
  CHECK(forbidden_in("X-HTTP-Method-Override=DELETE") == "x-http-method-override");
  for (std::string_view text : {"", "limit=1", "q=hapikey", "hapikeys=x", "ahapikey=1", "method=x"}) {
    CAPTURE(text);
    CHECK(forbidden_in(text) == "nothing");
  }
}

TEST_CASE("object types asked for beside the records are told by their one name") {
  CHECK(associated_in("limit=1") == "");
  CHECK(associated_in("associations=companies,0-3&associations=contact") == "companies deals contacts");
  CHECK(associated_in("associations=companies%2Cdeals") == "companies deals");
  CHECK(associated_in("associations=p_boats,+tickets") == "p_boats tickets");
  CHECK(associated_in("associations[]=deal&Associations=deals&associations=") == "deals");
}
