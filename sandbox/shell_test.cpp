// SPDX-License-Identifier: Apache-2.0
#include "sandbox/shell.hpp"

#include <doctest/doctest.h>

#include "async/await.hpp"
#include "sandbox/fake_lab.hpp"

namespace hubward::sandbox {
namespace {

http::Request request_for(std::string method, std::string target, std::string body = "") {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.fields.add("Authorization", "Bearer " + std::string(Lab::private_token));
  request.fields.add("Host", "127.0.0.1:6444");
  if (!body.empty()) {
    request.fields.add("Content-Type", "application/json");
    request.body = http::text_body(std::move(body));
  }
  return request;
}

// What came out, piece by piece; "!" for a body that broke off.
struct Seen {
  int status = 0;
  http::Response::Then then = http::Response::Then::KeepAlive;
  std::vector<std::string> pieces;
  std::string header;
};

Async<void> pull(http::Response response, Seen& seen) {
  seen.status = response.status;
  seen.then = response.then;
  seen.header = std::string(response.fields.find("X-HubSpot-Correlation-Id").value_or(""));
  while (response.body) {
    Result<std::string_view> piece = co_await response.body->next();
    if (!piece) seen.pieces.emplace_back("!");
    if (!piece || piece->empty()) break;
    seen.pieces.emplace_back(*piece);
  }
}
Async<void> call_api(World& world, http::Request request, Seen& seen) {
  http::Response response = co_await serve_api(world, std::move(request));
  co_await pull(std::move(response), seen);
}
Async<void> call_control(World& world, http::Request request, Seen& seen) {
  http::Response response = co_await serve_control(world, std::move(request));
  co_await pull(std::move(response), seen);
}
Seen api(Lab& lab, http::Request request) {
  Loop loop;
  Seen seen;
  loop.run_task(call_api(lab.world, std::move(request), seen));
  return seen;
}
Seen control(Lab& lab, http::Request request) {
  Loop loop;
  Seen seen;
  loop.run_task(call_control(lab.world, std::move(request), seen));
  return seen;
}

}  // namespace

TEST_CASE("a request goes in and its answer comes out") {
  Lab lab;
  Seen made =
      api(lab, request_for("POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"a@x.example"}})"));
  CHECK(made.status == 201);
  CHECK(made.pieces.size() == 1);
  CHECK(made.header.size() == 36);
  CHECK(
      api(lab, request_for("GET", "/crm/v3/objects/contacts?limit=1")).pieces.at(0).contains("a@x.example"));
  CHECK(api(lab, request_for("DELETE", "/crm/v3/objects/contacts/101")).pieces.empty());
}

TEST_CASE("cuts and slow bodies become what the connection can do") {
  Lab lab;
  auto with = [&](const char* fault) {
    lab.control("DELETE", "/faults");
    REQUIRE(lab.control("POST", "/faults", fault).status == 201);
    return api(lab, request_for("GET", "/crm/v3/objects/contacts"));
  };
  CHECK(with(R"({"cut":"before"})").then == http::Response::Then::Abort);
  CHECK(with(R"({"cut":"after_effect"})").then == http::Response::Then::Abort);
  CHECK(with(R"({"cut":"after"})").then == http::Response::Then::Close);
  CHECK(with(R"({"cut":"middle"})").pieces == std::vector<std::string>{R"({"resul)", "!"});
  CHECK(with(R"({"piece_bytes":6,"delay_ms":1,"pause_ms":1})").pieces ==
        std::vector<std::string>{R"({"resu)", R"(lts":[)", "]}"});
  CHECK(with(R"({"status":500,"headers":{"x":"a\r\nb: c"}})").status == 500);
}

TEST_CASE("a refresh is in flight until its answer is over") {
  Lab lab;
  std::string refresh(lab.exchanged()["refresh_token"].text_or(""));
  http::Request request = request_for("POST", "/oauth/v3/token");
  request.fields.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = http::text_body("grant_type=refresh_token&refresh_token=" + refresh + "&" +
                                 std::string(Lab::credentials));
  CHECK(api(lab, std::move(request)).status == 200);
  const Install& install = lab.world.installs["demo/9100001"];
  CHECK(install.refreshes == 1);
  CHECK(install.refreshes_in_flight == 0);
  CHECK(install.most_refreshes_in_flight == 1);
}

TEST_CASE("an administrator of an account can remove an app: both of its tokens die") {
  Lab lab;
  lab.token = lab.exchanged()["access_token"].text_or("");
  CHECK(lab.call("GET", "/account-info/v3/details").status == 200);
  CHECK(control(lab, request_for("POST", "/uninstall", R"({"grant":"demo/1"})")).status == 404);
  CHECK(control(lab, request_for("POST", "/uninstall", R"({"grant":"demo/9100001"})")).status == 204);
  auto refused = lab.call("GET", "/account-info/v3/details");
  CHECK(refused.status == 401);
  CHECK(Lab::json(refused)["category"].text() == "INVALID_AUTHENTICATION");
}

TEST_CASE("the control port serves programs on this machine and no web page") {
  Lab lab;
  CHECK(control(lab, request_for("GET", "/world")).status == 200);
  http::Request from_page = request_for("GET", "/world");
  from_page.fields.add("Origin", "https://evil.example");
  CHECK(control(lab, std::move(from_page)).status == 403);
  http::Request rebound = request_for("GET", "/world");
  rebound.fields.set("Host", "evil.example:6444");
  CHECK(control(lab, std::move(rebound)).status == 403);
}

}  // namespace hubward::sandbox
