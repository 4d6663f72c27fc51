// SPDX-License-Identifier: Apache-2.0
#include "webhooks/hooks.hpp"

#include <doctest/doctest.h>

#include "http/fake_body.hpp"
#include "hubspot/signature.hpp"
#include "store/fake_disk.hpp"
#include "webhooks/fake_house.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view url = "https://hooks.example.com/hooks/crm";

struct Door {
  explicit Door(std::string file_system = {}) : house(std::move(file_system)) {
    auto app = std::make_shared<grants::App>();
    app->name = AppName{"crm"};
    app->client_secret = Secret("a-client-secret");
    app->previous_client_secret = Secret("the-one-before");
    settings->public_url = "https://hooks.example.com";
    settings->apps[app->name] = {app, {.accepted = hubspot::for_private_apps}};
    hooks.emplace(Hooks::Parts{house.loop, house.clock, *house.inbox, house.metrics, house.log,
                               [this] { return free; }},
                  settings);
  }

  http::Request request(std::string body, std::string_view secret = "a-client-secret") const {
    http::Request request;
    request.method = "POST";
    request.target = "/hooks/crm";
    std::string timestamp = std::to_string(to_millis(house.clock.now()));
    request.fields.add("X-HubSpot-Request-Timestamp", timestamp);
    request.fields.add("X-HubSpot-Signature-v3",
                       hubspot::signature_of(hubspot::SignatureVersion::V3, Secret(std::string(secret)),
                                             {"POST", url, body}, timestamp));
    request.body = http::text_body(std::move(body));
    return request;
  }
  http::Response send(http::Request request) { return house.run(hooks->answer(std::move(request))); }
  int status_of(http::Request request) { return send(std::move(request)).status; }
  std::string text_of(http::Response response) {
    return house.run(http::read_all(std::move(response.body), 10'000)).value();
  }
  std::uint64_t stored() { return house.run(house.inbox->count()).value().events; }
  std::uint64_t times(std::string_view outcome) const {
    auto app = hooks->outcomes().find(AppName{"crm"});
    if (app == hooks->outcomes().end()) return 0;
    auto found = app->second.find(outcome);
    return found == app->second.end() ? 0 : found->second.times;
  }

  House house;
  std::uint64_t free = 1ULL << 40;
  std::shared_ptr<HookSettings> settings = std::make_shared<HookSettings>();
  std::optional<Hooks> hooks;
};

}  // namespace

TEST_CASE("what is genuine is stored and gets 204") {
  Door door;
  http::Response response = door.send(door.request(batch({{.event = 1}, {.event = 2}})));
  CHECK(response.status == 204);
  CHECK_FALSE(response.body);
  CHECK(door.stored() == 2);
  CHECK(door.times("accepted") == 1);
  CHECK(door.times("previous_secret") == 0);
  CHECK(door.status_of(door.request("[]")) == 204);
  CHECK(door.house.metrics.text().find(R"(hubward_webhook_requests_total{app="crm",outcome="accepted"} 2)") !=
        std::string::npos);
}

TEST_CASE("the previous secret still counts, and its use is told") {
  Door door;
  CHECK(door.status_of(door.request(batch({{}}), "the-one-before")) == 204);
  CHECK(door.times("previous_secret") == 1);
  CHECK(door.hooks->secret_use(AppName{"crm"}).previous == door.house.clock.now());
  CHECK_FALSE(door.hooks->secret_use(AppName{"crm"}).current);
}

TEST_CASE("what is not genuine gets the same short answer whatever the reason, which operators are told") {
  Door door;
  std::string first;
  auto refused = [&](http::Request request, std::string_view reason) {
    CAPTURE(reason);
    http::Response response = door.send(std::move(request));
    CHECK(response.status == 401);
    std::string text = door.text_of(std::move(response));
    std::size_t id = text.find("correlationId");
    std::string without_id = text.substr(0, id) + text.substr(std::min(text.size(), id + 60));
    if (first.empty()) first = without_id;
    CHECK(text.find(std::string(reason)) == std::string::npos);
    CHECK(door.times(reason) == 1);
    CHECK(door.house.logged.find(std::string(reason)) != std::string::npos);
  };
  refused(door.request(batch({{}}), "another"), "mismatch");
  http::Request bare = door.request("[]");
  bare.fields.remove("X-HubSpot-Signature-v3");
  refused(std::move(bare), "no_signature");
  http::Request old = door.request("[]");
  door.house.clock.advance(6min);
  refused(std::move(old), "too_old");
  http::Request elsewhere = door.request("[]");
  elsewhere.target = "/hooks/crm?tenant=2";
  CHECK(door.status_of(std::move(elsewhere)) == 401);
  CHECK(door.times("mismatch") == 2);
  CHECK(door.stored() == 0);
  CHECK(door.house.logged.find("a-client-secret") == std::string::npos);
}

TEST_CASE("a request that its head already betrays is refused before its body has come") {
  Door door;
  http::Request request = door.request("[]");
  request.fields.remove("X-HubSpot-Signature-v3");
  class Never : public http::Body {
   public:
    Async<Result<std::string_view>> next() override {
      FAIL("the body was asked for");
      co_return std::string_view();
    }
    std::optional<std::uint64_t> length() const override { return 1000; }
  };
  request.body = std::make_unique<Never>();
  CHECK(door.status_of(std::move(request)) == 401);
}

TEST_CASE("only POST to the exact address of an app is taken") {
  Door door;
  for (std::string_view target : {"/hooks/other", "/hooks/crm/", "/hooks/", "/hooks", "/Hooks/crm",
                                  "/hooks/%63rm", "//hooks/crm", "/hooks/crm%2F", "/"}) {
    CAPTURE(target);
    http::Request request = door.request("[]");
    request.target = target;
    CHECK(door.status_of(std::move(request)) == 404);
  }
  http::Request get = door.request("[]");
  get.method = "GET";
  http::Response response = door.send(std::move(get));
  CHECK(response.status == 405);
  CHECK(response.fields.find("Allow") == "POST");
}

TEST_CASE("the same request again is a replay; HubSpot's retry of the same events is not") {
  Door door;
  http::Request again = door.request(batch({{}}));
  CHECK(door.status_of(door.request(batch({{}}))) == 204);
  CHECK(door.status_of(std::move(again)) == 409);
  CHECK(door.times("replayed") == 1);
  door.house.clock.advance(30s);
  CHECK(door.status_of(door.request(batch({{.attempt = 1}}))) == 204);
  CHECK(door.stored() == 1);
}

TEST_CASE("genuine but unreadable is told to HubSpot, and counted") {
  Door door;
  for (std::string_view body : {"", "[1]", "nonsense", R"([{"a":1,"a":2}])"}) {
    CAPTURE(body);
    CHECK(door.status_of(door.request(std::string(body))) == 400);
  }
  CHECK(door.times("unreadable") == 4);
  CHECK(door.stored() == 0);
}

TEST_CASE("bodies are bounded, each and all together") {
  Door door;
  door.settings->batch.bytes = 100;
  http::Request request = door.request("[]");
  request.body = std::make_unique<http::PiecesBody>(
      std::vector<std::string>{std::string(60, ' '), std::string(41, ' ')});
  CHECK(door.status_of(std::move(request)) == 413);
  door.settings->buffered_bytes = 50;
  request = door.request("[]");
  request.body = std::make_unique<http::PiecesBody>(
      std::vector<std::string>{std::string(30, ' '), std::string(21, ' ')});
  http::Response response = door.send(std::move(request));
  CHECK(response.status == 503);
  CHECK(response.fields.find("Retry-After") == "30");
  CHECK(door.times("overloaded") == 1);
  // What was given back is there again.
  CHECK(door.status_of(door.request("[]" + std::string(40, ' '))) == 204);
}

TEST_CASE("a nearly full disk is left to what is more important, and looked at again") {
  Door door;
  door.free = 1;
  CHECK(door.status_of(door.request(batch({{}}))) == 503);
  CHECK(door.times("no_room") == 1);
  door.free = 1ULL << 40;
  door.house.clock.advance(1s);
  CHECK(door.status_of(door.request(batch({{}}))) == 204);
}

TEST_CASE(
    "a disk that fails costs nothing that was promised: HubSpot is told to try again, and its retry is "
    "taken") {
  store::FakeDisk disk;
  Door door(disk.name());
  CHECK(door.status_of(door.request(batch({{.event = 1}}))) == 204);
  for (auto trouble : {store::FakeDisk::Trouble::Full, store::FakeDisk::Trouble::IoError,
                       store::FakeDisk::Trouble::NoFlush}) {
    disk.fail_after(0, trouble);
    door.house.clock.advance(1s);
    http::Response response = door.send(door.request(batch({{.event = 2, .attempt = 1}})));
    CHECK(response.status == 503);
    CHECK(door.text_of(std::move(response)).find("inbox") == std::string::npos);
    disk.heal();
  }
  CHECK(door.times("not_stored") == 3);
  door.house.clock.advance(1s);
  CHECK(door.status_of(door.request(batch({{.event = 2, .attempt = 2}}))) == 204);
  CHECK(door.stored() == 2);
}

TEST_CASE(
    "the next request is shown to whoever waits for it, also one that is refused, and goes on as ever") {
  Door door;
  std::optional<std::optional<std::string>> captured;
  door.house.loop.spawn(keep_answer(door.hooks->capture(AppName{"crm"}, after(10s)), captured));
  // The task begins with the loop's next turn, before the request comes.
  http::Request request = door.request(batch({{}}));
  request.fields.remove("X-HubSpot-Signature-v3");
  CHECK(door.status_of(std::move(request)) == 401);
  while (!captured) CHECK(door.status_of(door.request("[]")) == 204);
  REQUIRE(*captured);
  CHECK((*captured)->starts_with("POST /hooks/crm HTTP/1.1\r\nX-HubSpot-Request-Timestamp: "));
  CHECK((*captured)->ends_with("\r\n\r\n" + batch({{}})));
  captured.reset();
  door.house.loop.run_task(keep_answer(door.hooks->capture(AppName{"crm"}, after(1ms)), captured));
  CHECK_FALSE(captured.value());
}
