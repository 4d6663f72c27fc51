// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include <doctest/doctest.h>

#include "async/run_to_end.hpp"
#include "http/fake_body.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

Result<std::string> read_on_loop(std::unique_ptr<Body> body, std::size_t limit) {
  Loop loop;
  return run_to_end(loop, read_all(std::move(body), limit));
}

}  // namespace

TEST_CASE("fields keep their order and compare names without case") {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("X-One", "1");
  fields.add("accept", "b");
  CHECK(fields.size() == 3);
  CHECK(fields.find("ACCEPT") == "a");
  CHECK(fields.count("Accept") == 2);
  CHECK(fields[2].name == "accept");
  CHECK(fields[2].value == "b");
  CHECK(fields.remove("aCCept") == 2);
  CHECK_FALSE(fields.find("accept"));
  fields.set("x-one", "2");
  CHECK(fields.size() == 1);
  CHECK(fields.find("X-One") == "2");
  CHECK(fields.remove("absent") == 0);
}

TEST_CASE("fields are values: copies and moves keep every entry") {
  Fields fields;
  for (int i = 0; i < 50; ++i) fields.add("Name-" + std::to_string(i), "value " + std::to_string(i));
  Fields copy = fields;
  Fields moved = std::move(fields);
  copy.remove("Name-0");
  CHECK(moved.find("Name-0") == "value 0");
  CHECK(copy.find("Name-49") == "value 49");
  copy = moved;
  CHECK(copy.size() == 50);
}

TEST_CASE("a secret is taken out of the fields and leaves nothing behind") {
  Fields fields;
  fields.reserve(100);
  fields.add("Host", "h");
  fields.add("Authorization", "Bearer abc");
  fields.add("authorization", "Bearer def");
  std::string_view where = *fields.find("Authorization");
  std::optional<Secret> taken = fields.take_secret("authorization");
  REQUIRE(taken);
  CHECK(taken->reveal_text() == "Bearer abc");
  CHECK(where == std::string(where.size(), '\0'));
  CHECK(fields.count("Authorization") == 0);
  CHECK_FALSE(fields.take_secret("authorization"));
  CHECK(fields.find("host") == "h");
}

TEST_CASE("fields that were held as lines are fields like others") {
  std::string lines = "Host: h\r\nAccept:  a/b \r\nX-Empty:\r\n\r\n";
  std::string_view text = lines;
  Fields fields;
  fields.hold(text);
  fields.add_held(text, text.substr(0, 4), text.substr(6, 1));
  fields.add_held(text, text.substr(9, 6), text.substr(18, 3));
  fields.add_held(text, text.substr(24, 7), text.substr(32, 0));
  lines.assign(lines.size(), '#');
  CHECK(fields.find("host") == "h");
  CHECK(fields.find("ACCEPT") == "a/b");
  CHECK(fields.find("x-empty") == "");
  Fields copy = fields;
  copy.set("Accept", "c/d");
  copy.add("X-Long", std::string(500, 'x'));
  CHECK(copy.find("accept") == "c/d");
  CHECK(copy.find("x-long") == std::string(500, 'x'));
  CHECK(copy.find("host") == "h");
  CHECK(fields.remove("host") == 1);
  CHECK(fields.size() == 2);
  CHECK(fields.find("accept") == "a/b");
}

TEST_CASE("the whole of a body is read, up to the limit") {
  CHECK(read_on_loop(nullptr, 0) == "");
  CHECK(read_on_loop(text_body("hello"), 5) == "hello");
  CHECK(read_on_loop(text_body("hello"), 4).error().code == "BODY_TOO_LARGE");
  CHECK(read_on_loop(std::make_unique<PiecesBody>(std::vector<std::string>{"he", "l", "lo"}), 5) == "hello");
  CHECK(
      read_on_loop(std::make_unique<PiecesBody>(std::vector<std::string>{"he", "l", "lo"}), 4).error().code ==
      "BODY_TOO_LARGE");
}

TEST_CASE("a request's target has a path and a query") {
  Request request;
  request.target = "/a/b?c=d?e";
  CHECK(request.path() == "/a/b");
  CHECK(request.query() == "c=d?e");
  request.target = "/a";
  CHECK(request.path() == "/a");
  CHECK(request.query().empty());
}
