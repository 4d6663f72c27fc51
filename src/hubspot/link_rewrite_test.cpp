// SPDX-License-Identifier: Apache-2.0
#include "hubspot/link_rewrite.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

using namespace hubward::hubspot;

namespace {

constexpr std::string_view base = "https://localhost:8443/c/acme";

LinkRewriter to_gateway(std::string_view where = base, std::string_view upstream = "127.0.0.1:9999") {
  return LinkRewriter([=] { return LinkRewriter::Way{std::string(where), std::string(upstream)}; });
}

std::string rewritten(std::string_view body, std::size_t piece) {
  LinkRewriter rewriter = to_gateway();
  std::string out;
  for (std::size_t i = 0; i < body.size(); i += piece) {
    std::string alone(body.substr(i, piece));  // so that reading beyond a piece is seen
    out += rewriter.feed(alone);
  }
  out += rewriter.finish();
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
      {R"({"paging":{"n\u0065xt":{"l\u0069nk":"\u0068ttps:\u002F/api.hubapi.com\u002fx"}}})",
       R"({"paging":{"n\u0065xt":{"l\u0069nk":"https://localhost:8443/c/acme\u002fx"}}})"},
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
      {R"({"paging":{"paging":{"x":[1]},"next":{"link":"https://api.hubapi.com/x"}}})",
       R"({"paging":{"paging":{"x":[1]},"next":{"link":"https://localhost:8443/c/acme/x"}}})"},
      {R"({"a":"\\","paging":{"next":{"link":"https://api.hubapi.com/x"}}})",
       R"({"a":"\\","paging":{"next":{"link":"https://localhost:8443/c/acme/x"}}})"},
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
      R"({"\"paging":{"next":{"link":"https://api.hubapi.com/x"}}})",
      R"({"p\u0061ging":{"next":{"link":"https://api.hubapi.com/x"}}})",
      R"(}}]]"\u12"{"x)",
      R"({"paging":[[]],"paging":{]]]"paging":{},}"paging"paging":"pagin)",
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

TEST_CASE("an answer without links is passed on where it lies") {
  LinkRewriter rewriter([]() -> LinkRewriter::Way {
    FAIL("nobody needs to know where links lead");
    return {};
  });
  const std::string body =
      R"({"results":[{"id":"1"}],"paging":{"next":{"after":"10"}},"pagin":1,"note":"a link"})";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    std::string_view first = std::string_view(body).substr(0, cut),
                     second = std::string_view(body).substr(cut);
    CHECK(rewriter.feed(first).size() == first.size());
    std::string_view sent = rewriter.feed(second);
    CHECK(sent.size() == second.size());
    CHECK((sent.empty() || sent.data() == second.data()));
    CHECK(rewriter.finish().empty());
  }
}

TEST_CASE("what is read inside a paging object is bounded, and the search goes on behind it") {
  std::string link = R"("paging":{"next":{"link":"https://api.hubapi.com/x"}})";
  std::string turned = R"("paging":{"next":{"link":"https://localhost:8443/c/acme/x"}})";
  std::string deep = R"({"paging":{"x":)" + std::string(1000, '[') + std::string(1000, ']') + "},\"a\":{";
  CHECK(rewritten(deep + link + "}}", 5) == deep + turned + "}}");
}

TEST_CASE("at most a bounded piece is held back") {
  LinkRewriter rewriter = to_gateway();
  std::string in = R"({"paging":{"next":{"link":"https://)" + std::string(5000, 'a');
  std::size_t passed = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    passed += rewriter.feed(std::string_view(in).substr(i, 1)).size();
    CHECK(i + 1 - passed <= LinkRewriter::max_held);
  }
  CHECK_FALSE(rewriter.rewrote());
}

TEST_CASE("a base that needs escaping is escaped") {
  LinkRewriter rewriter = to_gateway("https://gate\"way\\x", "");
  std::string out(rewriter.feed(R"({"paging":{"next":{"link":"https://api.hubapi.com/x"}}})"));
  out += rewriter.finish();
  CHECK(out == R"({"paging":{"next":{"link":"https://gate\"way\\x/x"}}})");
  CHECK(rewriter.rewrote());
}

namespace {

// Writes random JSON twice: as HubSpot would, and as the caller should get it.
class Answers {
 public:
  explicit Answers(unsigned seed) : random_(seed) {}

  std::string came, expected;

  enum class Place { Elsewhere, Paging, Next };
  void object(Place place, int depth) {
    both("{");
    int members = 1 + below(4);
    for (int i = 0; i < members; ++i) {
      if (i > 0) both(",");
      member(place, depth);
    }
    both(spaces() + "}");
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  template <std::size_t N>
  std::string one_of(const std::array<std::string_view, N>& choices) {
    return std::string(choices[static_cast<std::size_t>(below(static_cast<int>(N)))]);
  }
  void both(const std::string& text) {
    came += text;
    expected += text;
  }
  std::string spaces() { return one_of(std::to_array<std::string_view>({"", "", "", " ", "\n\t"})); }

  void member(Place place, int depth) {
    std::string name = one_of(std::to_array<std::string_view>(
        {"paging", "next", "link", "pagin", R"(\"paging)", R"(paging\")", "id", "nextx", R"(\\)"}));
    bool goes_on = below(2) > 0;
    if (goes_on && place == Place::Elsewhere) name = "paging";
    if (goes_on && place == Place::Paging)
      name = one_of(std::to_array<std::string_view>({"next", "prev", R"(n\u0065xt)"}));
    if (goes_on && place == Place::Next)
      name = one_of(std::to_array<std::string_view>({"link", R"(li\u006ek)"}));
    both(spaces() + '"' + name + '"' + spaces() + ":" + spaces());
    bool leads_on = place == Place::Paging && (name == "next" || name == R"(n\u0065xt)" || name == "prev");
    bool is_link = place == Place::Next && (name == "link" || name == R"(li\u006ek)");
    value(name == "paging" ? Place::Paging : leads_on ? Place::Next : Place::Elsewhere, is_link, depth);
  }

  void value(Place of_object, bool is_link, int depth) {
    if (is_link && below(3) > 0) return url(is_link);
    int kind = below(10);
    if (kind < 5 && depth > 0) return object(of_object, depth - 1);
    if (kind == 5 && depth > 0) {
      both("[" + spaces());
      value(Place::Elsewhere, false, depth - 1);
      return both("]");
    }
    if (kind < 8) return url(is_link);
    both(one_of(std::to_array<std::string_view>(
        {"null", "-1.5e3", R"("")", R"("\"paging\":{")", R"("a\\")", R"("paging")", R"("{\"next\":")"})));
  }

  void url(bool is_link) {
    std::string ours = one_of(std::to_array<std::string_view>(
        {"https://api.hubapi.com", R"(https:\/\/api.hubapi.com)", "HTTP://127.0.0.1:9999",
         R"(https://api-eu1.hub\u0061pi.com)", "https://api.hubapi.com:443"}));
    std::string other = one_of(std::to_array<std::string_view>(
        {"https://api.hubapi.com.example", "https://example.com", "ftp://api.hubapi.com", "api.hubapi.com"}));
    std::string rest =
        one_of(std::to_array<std::string_view>({"", "/a?after=1", R"(\/x)", "?q", R"(\u002fx)"}));
    bool is_ours = below(3) > 0;
    came += '"' + (is_ours ? ours : other) + rest + '"';
    expected += '"' + (!is_ours ? other : is_link ? std::string(base) : ours) + rest + '"';
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("of any answer exactly the paging links are turned, however it is cut") {
  std::size_t turned = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Answers answers(seed);
    answers.object(Answers::Place::Elsewhere, 8);
    std::mt19937 random(seed);
    LinkRewriter rewriter = to_gateway();
    std::string out;
    for (std::string_view rest = answers.came; !rest.empty();) {
      std::size_t piece = std::min<std::size_t>(1 + random() % 40, rest.size());
      std::string alone(rest.substr(0, piece));
      out += rewriter.feed(alone);
      rest.remove_prefix(piece);
    }
    out += rewriter.finish();
    CAPTURE(answers.came);
    CHECK(out == answers.expected);
    CHECK(rewritten(answers.came, answers.came.size()) == answers.expected);
    CHECK(rewriter.rewrote() == (answers.came != answers.expected));
    if (rewriter.rewrote()) ++turned;
  }
  CHECK(turned > 300);
}
