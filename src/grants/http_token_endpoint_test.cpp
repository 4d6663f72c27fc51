// SPDX-License-Identifier: Apache-2.0
#include "grants/http_token_endpoint.hpp"

#include <doctest/doctest.h>

#include "async/await.hpp"
#include "core/invariant.hpp"
#include "http/fake_origin.hpp"
#include "http/listener.hpp"

using namespace hubward;
using namespace hubward::grants;

namespace {

// HubSpot's host as a listener of our own on the same loop: keeps what it was asked, answers as told.
struct Host {
  Host() {
    auto handler = [this](http::Request request) { return answer(std::move(request)); };
    auto opened = http::Listener::open(loop, {}, std::nullopt, {}, handler);
    invariant(opened.has_value(), opened ? "" : opened.error().message);
    listener = std::move(*opened);
    auto made = http::Client::make(loop, {});
    invariant(made.has_value(), made ? "" : made.error().message);
    client = std::move(*made);
    auto ours = std::make_shared<App>();
    ours->api_origin = {http::Origin::Scheme::Http, "127.0.0.1", listener->port()};
    app = std::move(ours);
  }

  Async<http::Response> answer(http::Request request) {
    line = request.method + " " + request.target;
    bearer = std::string(request.fields.find("Authorization").value_or("none"));
    type = std::string(request.fields.find("Content-Type").value_or("none"));
    Result<std::string> text = co_await http::read_all(std::move(request.body), 100'000);
    body = text.value_or("broken");
    http::Response response = http::text_response(status, "application/json", reply);
    if (!retry_after.empty()) response.fields.add("Retry-After", retry_after);
    co_return std::move(response);
  }

  Result<hubspot::OauthAnswer> ask(hubspot::OauthCall call,
                                   std::chrono::milliseconds wait = std::chrono::seconds(10)) {
    HttpTokenEndpoint endpoint([this](const App&) -> Result<http::Client*> { return client.get(); });
    std::optional<Result<hubspot::OauthAnswer>> got;
    loop.run_task(keep(endpoint, app, std::move(call), after(wait), got));
    return std::move(*got);
  }
  static Async<void> keep(HttpTokenEndpoint& endpoint, AppSnapshot app, hubspot::OauthCall call,
                          Deadline deadline, std::optional<Result<hubspot::OauthAnswer>>& got) {
    Result<hubspot::OauthAnswer> answer = co_await endpoint.ask(app, std::move(call), deadline);
    got = std::move(answer);
  }

  Loop loop;
  std::unique_ptr<http::Listener> listener;
  std::unique_ptr<http::Client> client;
  AppSnapshot app;
  int status = 200;
  std::string reply = "{}", retry_after;
  std::string line, bearer, type, body;
};

const Secret secret("5ec7e7");

}  // namespace

TEST_CASE("a form goes out as it was built, and the answer comes back whole") {
  Host host;
  host.reply = R"({"access_token":"t","expires_in":1800})" + std::string(9000, ' ');
  auto answer =
      host.ask(hubspot::refresh_call(hubspot::OauthVersion::Dated2026_03, {"0c11", secret}, Secret("na1-r")));
  REQUIRE(answer);
  CHECK(host.line == "POST /oauth/2026-03/token");
  CHECK(host.type == "application/x-www-form-urlencoded");
  CHECK(host.bearer == "none");
  CHECK(host.body == "grant_type=refresh_token&client_id=0c11&client_secret=5ec7e7&refresh_token=na1-r");
  CHECK(answer->status == 200);
  CHECK(answer->body.reveal_text() == host.reply);
}

TEST_CASE("a call with a bearer token carries it in its one place") {
  Host host;
  host.status = 429;
  host.retry_after = "7";
  auto answer = host.ask(hubspot::account_details_call(Secret("CIaT")));
  REQUIRE(answer);
  CHECK(host.line == "GET /account-info/2026-03/details");
  CHECK(host.bearer == "Bearer CIaT");
  CHECK(host.body.empty());
  CHECK(answer->status == 429);
  CHECK(answer->retry_after == std::chrono::seconds(7));
}

TEST_CASE("an answer beyond its limit, and a host that is not there, are errors") {
  Host host;
  host.reply = std::string(hubspot::oauth_answer_limit, 'x');
  CHECK(host.ask(hubspot::account_details_call(Secret("t"))));
  host.reply += "x";
  auto answer = host.ask(hubspot::account_details_call(Secret("t")));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == "UPSTREAM_ANSWER");
  host.listener.reset();
  CHECK_FALSE(host.ask(hubspot::account_details_call(Secret("t"))));
}

TEST_CASE("an answer that stops half-way is waited for until the call's deadline, and no longer") {
  using Script = http::FakeOrigin::Script;
  http::FakeOrigin origin(
      {{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\""}, .then = Script::Then::Hold}});
  Host host;
  auto elsewhere = std::make_shared<App>();
  elsewhere->api_origin = {http::Origin::Scheme::Http, "127.0.0.1", origin.port()};
  host.app = std::move(elsewhere);
  auto answer = host.ask(hubspot::account_details_call(Secret("t")), std::chrono::milliseconds(300));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == "UPSTREAM_TIMEOUT");
}

TEST_CASE("an answer of unknown length is bounded as well") {
  std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n" + std::string(0x1001, 'x');
  for (int i = 0; i < 3; ++i) answer += "\r\n1000\r\n" + std::string(0x1000, 'x');
  http::FakeOrigin origin({{.answers = {answer + "\r\n0\r\n\r\n"}}});
  Host host;
  auto elsewhere = std::make_shared<App>();
  elsewhere->api_origin = {http::Origin::Scheme::Http, "127.0.0.1", origin.port()};
  host.app = std::move(elsewhere);
  auto got = host.ask(hubspot::account_details_call(Secret("t")));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == "UPSTREAM_ANSWER");
  CHECK(got.error().message.find("larger") != std::string::npos);
}
