// SPDX-License-Identifier: Apache-2.0
#include "core/json.hpp"

#include <doctest/doctest.h>

using hubward::Json;

TEST_CASE("what is read and written again is what came, numbers to the last digit") {
  for (std::string_view text : {
           R"({"b":1,"a":[true,false,null],"c":{"d":"e"}})",
           R"([12345678901234567890123456789,1.10,-0,1e400,0.1000000000000000055511151231257827])",
           R"("tab\tquote\"back\\slash\u0001é😀")",
           R"([])",
           R"({})",
           R"("")",
       }) {
    CAPTURE(text);
    auto json = Json::parse(text);
    REQUIRE(json);
    CHECK(json->dump() == text);
  }
}

TEST_CASE("hostile JSON is refused with a place and without its text") {
  std::string deep = std::string(100, '[') + std::string(100, ']');
  for (std::string_view text : std::initializer_list<std::string_view>{
           "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "nul", "[1] x", "\"\xff\"", "\"\n\"",
           "{'a':1}", "[NaN]", "/*c*/1", "\"\\ud800\"", std::string_view(deep)}) {
    CAPTURE(text);
    auto json = Json::parse(text);
    REQUIRE_FALSE(json);
    CHECK(json.error().code == "INVALID_JSON");
    CHECK(json.error().message.find("line 1") != std::string::npos);
  }
  CHECK(Json::parse("{\n \"a\": \x01}").error().message.find("line 2, column 7") != std::string::npos);
}

TEST_CASE("readers answer nothing for another kind, writers build trees") {
  Json json = Json::object({{"name", "x"}, {"count", 3}, {"on", true}});
  CHECK(json["name"].text() == "x");
  CHECK(json["count"].integer() == 3);
  CHECK(json["on"].boolean() == true);
  CHECK_FALSE(json["count"].text());
  CHECK_FALSE(Json::number("1.5").integer());
  CHECK_FALSE(Json::number("9223372036854775808").integer());
  CHECK(std::as_const(json)["missing"].is_null());
  json["list"].push(1);
  json["list"].push(Json::object());
  json.remove("on");
  CHECK(json.dump() == R"({"name":"x","count":3,"list":[1,{}]})");
}
