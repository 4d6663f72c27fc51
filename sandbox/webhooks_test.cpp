// SPDX-License-Identifier: Apache-2.0
#include "sandbox/webhooks.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "hubspot/verification.hpp"
#include "hubspot/webhook_events.hpp"
#include "sandbox/fake_lab.hpp"
#include "sandbox/webhook_sender.hpp"

namespace hubward::sandbox {
namespace {

using namespace std::chrono_literals;

// The app of the private token, with webhooks.
struct Hooked : Lab {
  explicit Hooked(std::string_view settings = R"({"kinds":["*"]})") {
    Json body = Json::parse(settings).value();
    body.set("target", "https://localhost:9443/hooks/private");
    Answer changed = control("PATCH", "/apps/private", Json::object({{"webhooks", body}}).dump());
    REQUIRE_MESSAGE(changed.status == 200, changed.body);
  }
  std::int64_t emit(std::string_view body) {
    Answer made = control("POST", "/webhooks", body);
    REQUIRE_MESSAGE(made.status == 201, made.body);
    return Lab::json(made)["events"].integer().value_or(0);
  }
  std::vector<Webhooks::Batch> take() { return world.webhooks.take_due(world); }
  std::int64_t figure(std::string_view name) {
    return Lab::json(control("GET", "/webhooks"))[name].integer().value_or(-1);
  }
};

std::vector<std::string> kinds_of(const std::vector<Webhooks::Batch>& batches) {
  std::vector<std::string> kinds;
  for (const auto& batch : batches)
    for (const Json& event : batch.events) kinds.push_back(event["subscriptionType"].text_or(""));
  return kinds;
}

}  // namespace

TEST_CASE("what happens to records is told to the apps that subscribed") {
  Hooked lab(R"({"kinds":["contact.*"],"properties":["email","firstname"]})");
  std::string id = lab.contact("ada@example.com");
  lab.call("PATCH", "/crm/v3/objects/contacts/" + id, R"({"properties":{"firstname":"Ada","phone":"7"}})");
  lab.call("DELETE", "/crm/v3/objects/contacts/" + id);
  lab.call("POST", "/crm/v3/objects/deals", R"({"properties":{"dealname":"x"}})");
  auto batches = lab.take();
  REQUIRE(batches.size() == 1);
  CHECK(kinds_of(batches) == std::vector<std::string>{"contact.creation", "contact.propertyChange",
                                                      "contact.propertyChange", "contact.deletion"});
  CHECK(batches[0].events[2]["propertyName"].text() == "firstname");
  CHECK(batches[0].events[2]["propertyValue"].text() == "Ada");
  CHECK(std::to_string(batches[0].events[2]["objectId"].integer().value()) == id);
  CHECK(hubspot::read_events(batches[0].body()).value().size() == 4);
}

TEST_CASE("events go out a hundred at a time, so many requests at once for an account") {
  Hooked lab(R"({"kinds":["*"],"concurrency":2})");
  CHECK(lab.emit(R"({"account":9100001,"count":450,"objects":7})") == 450);
  CHECK(lab.emit(R"({"account":4,"count":1})") == 0);
  auto first = lab.take();
  REQUIRE(first.size() == 2);
  CHECK(first[0].events.size() == 100);
  CHECK(lab.take().empty());
  lab.world.webhooks.settle(lab.world, first[0], 204);
  CHECK(lab.take().size() == 1);
  CHECK(lab.figure("acknowledged") == 100);
  CHECK(lab.figure("waiting") == 350);
  CHECK(lab.world.webhooks.acknowledged().contains(1));
}

TEST_CASE("what is not answered with 2xx is tried again ten times over the day, and then given up") {
  Hooked lab(R"({"kinds":["*"],"day_ms":100000})");
  lab.emit(R"({"account":9100001,"count":3})");
  TimePoint begun = lab.world.now();
  int requests = 0;
  while (lab.figure("given_up") == 0 && lab.world.now() - begun < 300s) {
    for (Webhooks::Batch& batch : lab.take()) {
      CHECK(batch.attempt == requests);
      ++requests;
      lab.world.webhooks.settle(lab.world, std::move(batch), 500);
    }
    lab.clock.advance(10ms);
  }
  CHECK(requests == Webhooks::max_retries + 1);
  CHECK(lab.figure("given_up") == 3);
  CHECK(lab.figure("waiting") == 0);
  CHECK(lab.world.now() - begun > 80s);
  CHECK(lab.world.now() - begun < 125s);
}

TEST_CASE("duplicates and another order come on demand") {
  Hooked lab(R"({"kinds":["*"],"duplicate_percent":100,"reorder_percent":50})");
  lab.emit(R"({"account":9100001,"count":50})");
  auto batches = lab.take();
  std::vector<std::int64_t> ids;
  for (const auto& batch : batches)
    for (const Json& event : batch.events) ids.push_back(event["eventId"].integer().value_or(0));
  CHECK(ids.size() == 100);
  CHECK_FALSE(std::ranges::is_sorted(ids));
  CHECK(lab.control("PATCH", "/apps/private", R"({"webhooks":{"signing":"v9"}})").status == 400);
  CHECK(lab.control("PATCH", "/apps/private", R"({"webhooks":{"target":"http://x"}})").status == 400);
  CHECK(lab.control("POST", "/webhooks", R"({"kind":"boat.sank"})").status == 400);
}

TEST_CASE("what is sent is signed as the app's settings say") {
  Hooked lab;
  App app = lab.world.apps["private"];
  const Secret secret(app.client_secret = "a secret");
  std::string body = "[]", url = "https://localhost:9443/hooks/private%3Fx";
  hubspot::SignaturePolicy all{.accepted = hubspot::for_private_apps};
  for (std::string_view signing : {"v1", "v2", "v3", "v1+v3", "v2+v3"}) {
    CAPTURE(signing);
    app.webhooks.signing = signing;
    const auto sent = signed_fields(app, url, body, lab.world.now());
    hubspot::SignatureFields fields;
    for (const auto& [name, value] : sent) fields.add(name, value);
    auto verdict = hubspot::verify({"POST", url, body}, fields, {&secret, nullptr}, all, lab.world.now());
    REQUIRE(verdict);
    CHECK(hubspot::to_text(verdict->version) == (signing.contains("v3") ? "v3" : signing));
  }
  app.webhooks.signing = "none";
  CHECK(signed_fields(app, url, body, lab.world.now()).size() == 2);
}

}  // namespace hubward::sandbox
