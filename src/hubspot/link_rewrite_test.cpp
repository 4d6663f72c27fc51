// SPDX-License-Identifier: Apache-2.0
#include "hubspot/link_rewrite.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward::hubspot;

namespace {

constexpr std::string_view base = "https://localhost:8443/c/acme";

std::string rewritten(std::string_view body, std::size_t piece) {
  LinkRewriter rewriter(base, "127.0.0.1:9999");
  std::string out;
  for (std::size_t i = 0; i < body.size(); i += piece) rewriter.feed(body.substr(i, piece), out);
  rewriter.finish(out);
  return out;
}

}  // namespace

TEST_CASE(
    "links of HubSpot's hosts turn towards the gateway and nothing else changes, however the bytes arrive") {
  struct Row {
    std::string_view in, out;
  };
  const std::vector<Row> rows = {
      {R"({"results":[],"paging":{"next":{"after":"10","link":"https://api.hubapi.com/crm/objects/v3/contacts?after=10"}}})",
       R"({"results":[],"paging":{"next":{"after":"10","link":"https://localhost:8443/c/acme/crm/objects/v3/contacts?after=10"}}})"},
      {"{ \"paging\" : {\n\t\"next\" : { \"link\" : \"https://api.hubapi.com/a\" , \"x\" : 1.50e+10 } } , "
       "\"z\":0.10 }",
       "{ \"paging\" : {\n\t\"next\" : { \"link\" : \"https://localhost:8443/c/acme/a\" , \"x\" : 1.50e+10 } "
       "} , \"z\":0.10 }"},
      {R"({"paging":{"next":{"link":"https:\/\/api.hubapi.com\/crm\/v3"}}})",
       R"({"paging":{"next":{"link":"https://localhost:8443/c/acme\/crm\/v3"}}})"},
      {R"({"p\u0061ging":{"n\u0065xt":{"l\u0069nk":"\u0068ttps:\u002F/api.hubapi.com\u002fx"}}})",
       R"({"p\u0061ging":{"n\u0065xt":{"l\u0069nk":"https://localhost:8443/c/acme\u002fx"}}})"},
      {R"({"paging":{"prev":{"link":"https://api-eu1.hubapi.com/x"}}})",
       R"({"paging":{"prev":{"link":"https://localhost:8443/c/acme/x"}}})"},
      {R"({"paging":{"next":{"link":"HTTPS://API.HubAPI.com:443/x"}}})",
       R"({"paging":{"next":{"link":"https://localhost:8443/c/acme/x"}}})"},
      {R"({"paging":{"next":{"link":"https://api.hubspot.com?x"}}})",
       R"({"paging":{"next":{"link":"https://localhost:8443/c/acme?x"}}})"},
      {R"({"paging":{"next":{"link":"https://api.hubapi.com"}}})",
       R"({"paging":{"next":{"link":"https://localhost:8443/c/acme"}}})"},
      {R"({"paging":{"next":{"link":"https://127.0.0.1:9999/x"}}})",
       R"({"paging":{"next":{"link":"https://localhost:8443/c/acme/x"}}})"},
      {R"({"results":[{"associations":{"deals":{"paging":{"next":{"link":"https://api.hubapi.com/x"}}}}}]})",
       R"({"results":[{"associations":{"deals":{"paging":{"next":{"link":"https://localhost:8443/c/acme/x"}}}}}]})"},
      {R"([{"paging":{"next":{"link":"https://api.hubapi.com/x"}}},{"paging":{"next":{"link":"https://api.hubapi.com/y"}}}])",
       R"([{"paging":{"next":{"link":"https://localhost:8443/c/acme/x"}}},{"paging":{"next":{"link":"https://localhost:8443/c/acme/y"}}}])"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.in);
    for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, row.in.size()}) {
      CHECK(rewritten(row.in, piece) == row.out);
    }
  }
}

TEST_CASE("what is no paging link of ours passes byte for byte") {
  const std::vector<std::string> bodies = {
      "",
      "null",
      "<html>\"paging\"</html>",
      R"({"link":"https://api.hubapi.com/x"})",
      R"({"paging":{"link":"https://api.hubapi.com/x"}})",
      R"({"next":{"link":"https://api.hubapi.com/x"}})",
      R"({"paging":{"next":{"after":"https://api.hubapi.com/x"}}})",
      R"({"paging":[{"next":{"link":"https://api.hubapi.com/x"}}]})",
      R"({"paging":{"next":[{"link":"https://api.hubapi.com/x"}]}})",
      R"({"paging":{"next":{"link":["https://api.hubapi.com/x"]}}})",
      R"({"paging":{"next":{"link":{"link":"https://api.hubapi.com/x"}}}})",
      R"({"paging":{"x":{"next":{"link":"https://api.hubapi.com/x"}}}})",
      R"({"paging":"paging","next":{"link":"https://api.hubapi.com/x"}})",
      R"({"paging":{"next":{"link":"https://example.com/x"}}})",
      R"({"paging":{"next":{"link":"https://api.hubapi.com.evil.example/x"}}})",
      R"({"paging":{"next":{"link":"https://api.hubapi.com@evil.example/x"}}})",
      R"({"paging":{"next":{"link":"https://api.hubapi.com:444/x"}}})",
      R"({"paging":{"next":{"link":"https://app.hubspot.com/x"}}})",
      R"({"paging":{"next":{"link":"ftp://api.hubapi.com/x"}}})",
      R"({"paging":{"next":{"link":"/crm/v3/objects"}}})",
      R"({"paging":{"next":{"link":""}}})",
      R"({"paging":{"next":{"link":null,"x":"https://api.hubapi.com/x"}}})",
      R"({"paging":{"next":{"link":"https://api.hubäpi.com/x"}}})",
      R"({"paging":{"next":{"link":"https://)",
      R"({"paging":{"next":{"link":"https://api.hubapi.com)",
      R"({"a":"\"paging\":{\"next\":{\"link\":\"https://api.hubapi.com/x\"}}"})",
      R"({"pagingx":{"next":{"link":"https://api.hubapi.com/x"}}})",
      R"(}}]]"\u12"{"x)",
      R"({"paging":{"next":{"link":"https://)" + std::string(2000, 'a') + R"(/x"}}})",
      std::string(1000, '['),
  };
  for (const std::string& body : bodies) {
    CAPTURE(body);
    CHECK(rewritten(body, 1) == body);
    CHECK(rewritten(body, 3) == body);
    CHECK(rewritten(body, body.size() + 1) == body);
  }
}

TEST_CASE("at most a bounded piece is held back") {
  LinkRewriter rewriter(base, "");
  std::string in = R"({"paging":{"next":{"link":"https://)" + std::string(5000, 'a');
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    rewriter.feed(in.substr(i, 1), out);
    CHECK(i + 1 - out.size() <= LinkRewriter::max_held);
  }
  CHECK_FALSE(rewriter.rewrote());
}

TEST_CASE("a base that needs escaping is escaped") {
  LinkRewriter rewriter("https://gate\"way\\x", "");
  std::string out;
  rewriter.feed(R"({"paging":{"next":{"link":"https://api.hubapi.com/x"}}})", out);
  rewriter.finish(out);
  CHECK(out == R"({"paging":{"next":{"link":"https://gate\"way\\x/x"}}})");
  CHECK(rewriter.rewrote());
}
