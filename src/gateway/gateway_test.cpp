// SPDX-License-Identifier: Apache-2.0
// Calls from the egress door to a HubSpot of our own, with everything real between: store, vault, journal,
// grants, HTTP.
#include "gateway/gateway.hpp"

#include <doctest/doctest.h>

#include <deque>

#include "async/await.hpp"
#include "core/locked_memory.hpp"
#include "gateway/egress.hpp"
#include "grants/grants_house.hpp"
#include "http/listener.hpp"

using namespace hubward;
using namespace hubward::gateway;

namespace {

// What HubSpot was asked and what it answers: the scripted answers first, then an empty page.
struct Upstream {
  struct Seen {
    std::string method, target, body;
    http::Fields fields;
  };
  std::vector<Seen> seen;
  std::deque<http::Response> answers;
  std::unique_ptr<http::Listener> listener;

  explicit Upstream(Loop& loop) {
    auto opened = http::Listener::open(loop, {}, std::nullopt, {},
                                       [this](http::Request request) { return answer(std::move(request)); });
    listener = grants::must(std::move(opened));
  }
  Async<http::Response> answer(http::Request request) {
    Result<std::string> body = co_await http::read_all(std::move(request.body), 10'000'000);
    seen.push_back({request.method, request.target, body.value_or(""), std::move(request.fields)});
    if (answers.empty()) co_return http::text_response(200, "application/json", R"({"results":[]})");
    http::Response next = std::move(answers.front());
    answers.pop_front();
    co_return next;
  }
  void then(int status, std::string body) {
    answers.push_back(http::text_response(status, "application/json;charset=utf-8", std::move(body)));
  }
};

const char* const expired_body =
    R"({"status":"error","message":"The OAuth token used to make this call expired 3 second(s) ago.",)"
    R"("category":"EXPIRED_AUTHENTICATION","correlationId":"c"})";

policy::Role role(std::string name, std::vector<std::string> actions, const hubspot::Catalogue& catalogue,
                  std::string mode = "enforce") {
  return grants::must(policy::make_role(
      {name,
       mode,
       {{.name = "records", .objects = {"contacts"}, .actions = std::move(actions), .operations = {}}}},
      catalogue));
}

// The whole way of a call, and what can be seen from both ends.
struct Way {
  grants::House house;
  Upstream upstream{house.loop};
  store::TemporaryDirectory folder;
  std::unique_ptr<store::Database> clients_database;
  std::unique_ptr<Clients> clients;
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  Upstreams upstreams{house.loop, {}};
  pacing::Pacer pacer{house.loop, house.clock, house.metrics, {}};
  CallMetrics metrics{house.metrics};
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<Egress> egress;

  Way() {
    for (auto make : {grants::oauth_app, grants::private_app}) {
      auto app = make();
      app->simulator = true;
      app->api_origin = {http::Origin::Scheme::Http, "127.0.0.1", upstream.listener->port()};
      house.apps[app->name] = app;
    }
    house.grants->set_apps(house.apps);
    grants::Browser(house).connect(house.invite(), grants::acme);

    store::OpenOptions options;
    options.path = folder.file("clients.db");
    options.schemas = {clients_schema};
    clients_database = grants::must(store::Database::open(std::move(options)));
    clients = grants::must(house.wait(
        Clients::load(*clients_database, house.vault->client_key_pepper(), house.random, house.clock)));
    auto settings = std::make_shared<Settings>();
    settings->answer_wait = std::chrono::seconds(30);  // shorter than a renewal that is put off
    settings->roles[{"reader"}] = role("reader", {"view"}, catalogue);
    settings->roles[{"writer"}] = role("writer", {"view", "create", "edit", "delete"}, catalogue);
    settings->roles[{"watched"}] = role("watched", {"view"}, catalogue, "shadow");
    gateway = std::make_unique<Gateway>(
        Gateway::Parts{house.loop, house.clock, house.random, *house.grants, *house.journal,
                       house.vault->journal_key(), catalogue, upstreams, pacer, metrics, house.log},
        std::move(settings));
    egress = std::make_unique<Egress>(Egress::Parts{*gateway, *clients, *house.grants, *house.journal,
                                                    house.clock, house.random, metrics, "localhost:8443"});
  }

  std::string key(std::string name, std::string role_name,
                  std::vector<ConnectionName> connections = {grants::prod}) {
    auto made =
        house.wait(clients->create({{std::move(name)}, {std::move(role_name)}, std::move(connections), {}}));
    return std::string(grants::must(std::move(made))->reveal_text());
  }

  struct Answer {
    int status = 0;
    http::Fields fields;
    std::string text;
    std::string category() const { return Json::parse(text).value()["category"].text_or(""); }
  };
  http::Request request_of(const std::string& key, std::string method, std::string target) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields.add("Host", "gateway.test:8443");
    request.fields.add("Authorization", "Bearer " + key);
    request.peer.address = "127.0.0.1";
    return request;
  }
  Answer call(std::string key, std::string method, std::string target, std::string body = "") {
    http::Request request = request_of(key, std::move(method), std::move(target));
    if (!body.empty()) request.body = http::text_body(std::move(body));
    return house.wait(make(std::move(request)));
  }
  Async<Answer> make(http::Request request) {
    http::Response response = co_await egress->handle(std::move(request));
    Answer answer{response.status, response.fields, {}};
    Result<std::string> text = co_await http::read_all(std::move(response.body), 10'000'000);
    answer.text = text ? *text : text.error().code;
    co_return answer;
  }
  journal::Record last_record() {
    REQUIRE(house.journal->flush());
    auto tail = house.journal->tail(1);
    REQUIRE(tail);
    return tail->back();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Way, "a call reaches HubSpot with our token, comes back, and is recorded") {
  upstream.then(200, R"({"id":"51","properties":{}})");
  upstream.answers.back().fields.add("X-HubSpot-Correlation-Id", "0f7d6d1c-6a42-4a5e-9d3e-111111111111");
  std::string reader = key("billing", "reader");
  Answer answer = call(reader, "GET", "/crm/v3/objects/contacts/51?properties=email&limit=5");
  CHECK(answer.status == 200);
  CHECK(answer.text == R"({"id":"51","properties":{}})");

  REQUIRE(upstream.seen.size() == 1);
  CHECK(upstream.seen[0].target == "/crm/v3/objects/contacts/51?properties=email&limit=5");
  CHECK(upstream.seen[0].fields.find("authorization") == "Bearer " + house.bearer());
  CHECK(upstream.seen[0].fields.find("accept-encoding") == "identity");
  CHECK(upstream.seen[0].fields.find("host").value().starts_with("127.0.0.1:"));

  journal::Record record = last_record();
  CHECK(record.client == "billing");
  CHECK(record.connection == "acme-prod");
  CHECK(record.operation == "crm.objects.read");
  CHECK(record.decision == journal::Decision::Allow);
  CHECK(record.rule == "records");
  CHECK(record.status == 200);
  CHECK(record.upstream_status == 200);
  CHECK(record.details ==
        std::vector<journal::Field>{{"hubspot_correlation_id", "0f7d6d1c-6a42-4a5e-9d3e-111111111111"}});
  CHECK(record.bytes_out == answer.text.size());
  CHECK(record.correlation_id == answer.fields.find("x-hubward-correlation-id"));
  CHECK(std::ranges::find(record.parameters, journal::Field{"objectId", "51"}) != record.parameters.end());
  CHECK(std::ranges::find(record.parameters, journal::Field{"?limit", "5"}) != record.parameters.end());
  CHECK(std::ranges::find(record.parameters, journal::Field{"objectType", "contacts"}) !=
        record.parameters.end());
  // An id by another property may be a telephone number: hashed, digits or not.
  call(reader, "GET", "/crm/v3/objects/contacts/4930123456?idProperty=phone");
  CHECK(last_record().parameters[1].value.starts_with(journal::hash_mark));
  CHECK(std::ranges::none_of(record.parameters, [](const auto& field) { return field.value == "email"; }));
}

TEST_CASE_FIXTURE(Way, "what a role does not allow never reaches HubSpot, whatever the verb") {
  std::string reader = key("billing", "reader");
  for (auto [method, target] : {std::pair{"POST", "/crm/v3/objects/contacts"},
                                {"DELETE", "/crm/v3/objects/contacts/51"},
                                {"POST", "/crm/v3/objects/contacts/batch/archive"},
                                {"POST", "/crm/objects/v3/0-1/gdpr-delete"},
                                {"GET", "/crm/v3/objects/deals"},
                                {"GET", "/crm/v3/objects/contacts/51?associations=companies"}}) {
    CAPTURE(target);
    Answer answer = call(reader, method, target, "{}");
    CHECK(answer.status == 403);
    CHECK(answer.category() == "HUBWARD_DENIED");
    journal::Record record = last_record();
    CHECK(record.decision == journal::Decision::Deny);
    CHECK(record.reason == "DENIED");
    CHECK(record.upstream_status == 0);
  }
  CHECK(call(reader, "POST", "/crm/v3/objects/contacts/search", "{}").status == 200);  // reads, though a POST
  CHECK(upstream.seen.size() == 1);
}

TEST_CASE_FIXTURE(Way, "a role in shadow records what it would refuse and lets it pass") {
  CHECK(call(key("billing", "watched"), "DELETE", "/crm/v3/objects/contacts/51").status == 200);
  CHECK(last_record().decision == journal::Decision::ShadowDeny);
  CHECK(upstream.seen.size() == 1);
}

TEST_CASE_FIXTURE(Way, "what is no plain call of a known operation is refused") {
  std::string writer = key("billing", "writer");
  struct Case {
    const char *method, *target;
    int status;
    const char* category;
  };
  for (auto [method, target, status, category] : {
           Case{"GET", "/internal/api", 403, "HUBWARD_OPERATION_UNKNOWN"},
           Case{"PUT", "/crm/v3/objects/contacts", 405, "HUBWARD_METHOD_NOT_ALLOWED"},
           Case{"GET", "/crm/v3/objects/contacts%2F51", 400, "HUBWARD_PATH_REFUSED"},
           Case{"GET", "/crm/v3/objects/../contacts", 400, "HUBWARD_PATH_REFUSED"},
           Case{"GET", "/crm/v3/objects/contacts?hapikey=x", 400, "HUBWARD_CREDENTIAL_IN_QUERY"},
           Case{"GET", "/crm/v3/objects/contacts?%68APIkey=x", 400, "HUBWARD_CREDENTIAL_IN_QUERY"},
           Case{"POST", "/oauth/v1/token", 403, "HUBWARD_OAUTH_NOT_FORWARDED"},
           Case{"POST", "/oauth/2026-03/token", 403, "HUBWARD_OAUTH_NOT_FORWARDED"},
           Case{"GET", "/%6fauth/v1/access-tokens/x", 403, "HUBWARD_OAUTH_NOT_FORWARDED"},
           Case{"GET", "/c/other/crm/v3/objects/contacts", 400, "HUBWARD_CONNECTION_NOT_ALLOWED"},
           Case{"GET", "/c/%2e%2e/crm", 400, "HUBWARD_CONNECTION_NAME_REFUSED"},
       }) {
    CAPTURE(target);
    Answer answer = call(writer, method, target);
    CHECK(answer.category() == category);
    if (std::string_view(category) != "HUBWARD_CONNECTION_NOT_ALLOWED") CHECK(answer.status == status);
  }
  CHECK(upstream.seen.empty());
}

TEST_CASE_FIXTURE(Way, "without a valid key there is one answer, and strangers do not fill the journal") {
  std::string reader = key("billing", "reader");
  std::string wrong = reader;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (const std::string& presented :
       {wrong, std::string("hwk_"), std::string("pat-na1-x"), std::string(" ")}) {
    Answer answer = call(presented, "GET", "/crm/v3/objects/contacts");
    CHECK(answer.status == 401);
    CHECK(answer.category() == "HUBWARD_UNAUTHENTICATED");
    CHECK(answer.fields.find("www-authenticate"));
  }
  for (int i = 0; i < 100; ++i) call(wrong, "GET", "/crm/v3/objects/contacts");
  REQUIRE(house.journal->flush());
  auto refused = house.journal->find({.filter = {.status = std::uint16_t{401}}, .limit = 1000});
  CHECK(refused->records.size() == 20);
  REQUIRE(house.wait(clients->revoke({"billing"})));
  CHECK(call(reader, "GET", "/crm/v3/objects/contacts").status == 401);
  CHECK(upstream.seen.empty());
}

TEST_CASE_FIXTURE(Way, "what a known client is refused is recorded under its name, however often") {
  auto bound = clients->create({{"bound"}, {"reader"}, {grants::prod}, {"10.0.0.0/8"}});
  std::string elsewhere(grants::must(house.wait(std::move(bound)))->reveal_text());
  for (int i = 0; i < 30; ++i)
    CHECK(call(elsewhere, "GET", "/crm/v3/objects/contacts").category() == "HUBWARD_NETWORK_NOT_ALLOWED");
  std::string reader = key("billing", "reader");
  CHECK(call(reader, "GET", "/c/").category() == "HUBWARD_CONNECTION_NAME_REFUSED");
  CHECK(last_record().client == "billing");
  auto refused = house.journal->find({.filter = {.client = "bound"}, .limit = 1000});
  REQUIRE(refused);
  CHECK(refused->records.size() == 30);
  CHECK(refused->records[0].reason == "NETWORK_NOT_ALLOWED");
}

TEST_CASE_FIXTURE(Way,
                  "a gateway that ends while an answer is on its way records it and is not asked again") {
  std::string reader = key("billing", "reader");
  upstream.then(200, R"({"id":"51"})");
  http::Response answer =
      house.wait(egress->handle(request_of(reader, "GET", "/crm/v3/objects/contacts/51")));
  CHECK(answer.status == 200);
  egress.reset();
  gateway.reset();
  journal::Record record = last_record();
  CHECK(record.operation == "crm.objects.read");
  CHECK(record.upstream_status == 200);
  CHECK(record.reason == "GATEWAY_STOPPED");
  answer.body.reset();
  CHECK(last_record().correlation_id == record.correlation_id);
}

TEST_CASE_FIXTURE(Way, "a client of several connections names one in the path") {
  house.hubspot.scopes = {"oauth"};
  std::string token = house.hubspot.static_token(grants::other);
  REQUIRE(house.wait(house.grants->connect_static({"beta"}, grants::tool, Secret(token), grants::operator_)));
  std::string both = key("billing", "reader", {grants::prod, {"beta"}});
  CHECK(call(both, "GET", "/crm/v3/objects/contacts").category() == "HUBWARD_CONNECTION_REQUIRED");
  CHECK(call(both, "GET", "/c/beta/crm/v3/objects/contacts").status == 200);
  CHECK(upstream.seen.back().fields.find("authorization") == "Bearer " + token);
  CHECK(call(both, "GET", "/c/acme-prod/crm/v3/objects/contacts").status == 200);
  CHECK(upstream.seen.back().fields.find("authorization") == "Bearer " + house.bearer());
}

TEST_CASE_FIXTURE(Way, "a call that a static token fails is repeated with the one that waited for it") {
  std::string first = house.hubspot.static_token(grants::other),
              next = house.hubspot.static_token(grants::other);
  auto store = [&](const std::string& token) {
    return house.wait(house.grants->connect_static({"beta"}, grants::tool, Secret(token), grants::operator_));
  };
  REQUIRE(store(first));
  std::string reader = key("billing", "reader", {{"beta"}});
  std::string refusal =
      R"({"status":"error","message":"no","category":"INVALID_AUTHENTICATION","correlationId":"c"})";
  SUBCASE("a newer one waits") {
    house.hubspot.mishaps.push_back({grants::FakeHubSpot::Mishap::Kind::LoseQuestion});
    REQUIRE(store(next));
    house.hubspot.end(first);
    upstream.then(401, refusal);
    CHECK(call(reader, "GET", "/crm/v3/objects/contacts").status == 200);
    CHECK(upstream.seen.back().fields.find("authorization") == "Bearer " + next);
  }
  SUBCASE("none does, and HubSpot stands by its word") {
    house.hubspot.end(first);
    upstream.then(401, refusal);
    Answer answer = call(reader, "GET", "/crm/v3/objects/contacts");
    CHECK(answer.status == 503);
    CHECK(answer.category() == "HUBWARD_TOKEN_EXPIRED");
    CHECK(answer.text.contains("hubward connection rotate beta"));
  }
}

TEST_CASE_FIXTURE(
    Way, "an owner without permissions is read from HubSpot's error on its way, which stays as it is") {
  house.hubspot.scopes = {"oauth"};
  REQUIRE(house.wait(house.grants->connect_static(
      {"beta"}, grants::tool, Secret(house.hubspot.static_token(grants::other)), grants::operator_)));
  std::string writer = key("billing", "writer", {{"beta"}});
  std::string said =
      R"({"category":"BAD_REQUEST","errors":[{"context":{"validationResult":["USER_DOES_NOT_HAVE_PERMISSIONS"]}}]})";
  upstream.then(400, R"({"category":"VALIDATION_ERROR","message":"USER_DOES_NOT_HAVE_PERMISSIONS"})");
  CHECK(call(writer, "POST", "/crm/v3/objects/contacts", "{}").status == 400);
  CHECK(last_record().details.empty());

  upstream.then(400, said);
  Answer answer = call(writer, "POST", "/crm/v3/objects/contacts", "{}");
  CHECK(answer.status == 400);
  CHECK(answer.text == said);
  CHECK(upstream.seen.back().fields.find("accept-encoding").value_or("identity") == "identity");
  house.run_until([&] { return house.view({"beta"}).token->owner_missing_at.has_value(); });
  REQUIRE(house.journal->flush());
  auto calls = house.wait(house.journal->search({.filter = {.kind = journal::Kind::Call}})).value().records;
  CHECK(calls.back().details.back() == journal::Field{"hubspot_says", "USER_DOES_NOT_HAVE_PERMISSIONS"});
}

TEST_CASE_FIXTURE(Way, "paging links lead back to where the caller reached us") {
  std::string link =
      R"({"results":[],"paging":{"next":{"after":"7","link":"https://api.hubapi.com/crm/v3/objects/contacts?after=7"}}})";
  upstream.then(200, link);
  upstream.then(200, link);
  std::string reader = key("billing", "reader");
  Json page = Json::parse(call(reader, "GET", "/crm/v3/objects/contacts").text).value();
  CHECK(page["paging"]["next"]["link"].text() == "https://gateway.test:8443/crm/v3/objects/contacts?after=7");
  page = Json::parse(call(reader, "GET", "/c/acme-prod/crm/v3/objects/contacts").text).value();
  CHECK(page["paging"]["next"]["link"].text() ==
        "https://gateway.test:8443/c/acme-prod/crm/v3/objects/contacts?after=7");
}

TEST_CASE_FIXTURE(Way,
                  "a token that HubSpot calls expired is renewed once and the call repeated with its body") {
  std::string writer = key("billing", "writer");
  std::string before = house.bearer();
  upstream.then(401, expired_body);
  upstream.then(201, R"({"id":"1"})");
  Answer answer =
      call(writer, "POST", "/crm/v3/objects/contacts", R"({"properties":{"email":"a@b.example"}})");
  CHECK(answer.status == 201);
  REQUIRE(upstream.seen.size() == 2);
  CHECK(upstream.seen[1].body == upstream.seen[0].body);
  CHECK(upstream.seen[0].fields.find("authorization") == "Bearer " + before);
  CHECK(upstream.seen[1].fields.find("authorization") == "Bearer " + house.bearer());
  CHECK(house.bearer() != before);
  CHECK(house.hubspot.refreshes == 1);
  CHECK(last_record().attempts == 2);

  SUBCASE("a second refusal is explained, not passed on as if the caller's key were wrong") {
    house.clock.advance(std::chrono::minutes(5));
    upstream.then(401, expired_body);
    upstream.then(401, expired_body);
    answer = call(writer, "GET", "/crm/v3/objects/contacts");
    CHECK(answer.status == 502);
    CHECK(answer.category() == "HUBWARD_TOKEN_REFUSED");
  }
  SUBCASE("a 401 that says nothing of the token renews nothing") {
    upstream.then(401, "no");
    answer = call(writer, "GET", "/crm/v3/objects/contacts");
    CHECK(answer.status == 502);
    CHECK(answer.category() == "HUBWARD_TOKEN_REFUSED");
    CHECK(house.wait(house.grants->drain(grants::soon())));
    CHECK(house.hubspot.refreshes == 1);
  }
  SUBCASE("an invalid token makes us ask once whether the grant lives, and the call is not repeated") {
    house.clock.advance(std::chrono::minutes(5));
    for (int i = 0; i < 3; ++i) {
      upstream.then(
          401,
          R"({"status":"error","message":"no","category":"INVALID_AUTHENTICATION","correlationId":"c"})");
      answer = call(writer, "GET", "/crm/v3/objects/contacts");
      CHECK(answer.status == 502);
      CHECK(answer.category() == "HUBWARD_TOKEN_REFUSED");
    }
    house.run_until([&] { return house.hubspot.refreshes == 2; });
    CHECK(house.wait(house.grants->drain(grants::soon())));
    CHECK(house.hubspot.refreshes == 2);
    CHECK(upstream.seen.size() == 5);
  }
  SUBCASE("a body too large to keep is not sent again, and the caller is told") {
    upstream.then(401, expired_body);
    answer = call(writer, "POST", "/crm/v3/objects/contacts", std::string(300'000, ' '));
    CHECK(answer.status == 503);
    CHECK(answer.category() == "HUBWARD_TOKEN_EXPIRED");
    CHECK(upstream.seen.size() == 3);
  }
}

TEST_CASE_FIXTURE(Way, "HubSpot's errors pass as they are, its browser policies do not") {
  std::string missing =
      R"({"status":"error","message":"no scope","category":"MISSING_SCOPES","correlationId":"c"})";
  upstream.then(403, missing);
  upstream.answers.back().fields.add("Set-Cookie", "__cf_bm=x");
  upstream.answers.back().fields.add("Strict-Transport-Security", "max-age=1");
  Answer answer = call(key("billing", "reader"), "GET", "/crm/v3/objects/contacts");
  CHECK(answer.status == 403);
  CHECK(answer.text == missing);
  CHECK_FALSE(answer.fields.find("set-cookie"));
  CHECK_FALSE(answer.fields.find("strict-transport-security"));
}

TEST_CASE_FIXTURE(Way, "an answer that is encoded although it was asked not to be is not trusted") {
  upstream.then(200, "\x1f\x8b");
  upstream.answers.back().fields.add("Content-Encoding", "gzip");
  Answer answer = call(key("billing", "reader"), "GET", "/crm/v3/objects/contacts");
  CHECK(answer.status == 502);
  CHECK(answer.category() == "HUBWARD_UPSTREAM_ANSWER");
}

TEST_CASE_FIXTURE(Way, "token info is answered here about the caller's own key, and about nothing else") {
  std::string reader = key("billing", "reader");
  std::string path = "/oauth/v2/private-apps/get/access-token-info";
  Answer own = call(reader, "POST", path, R"({"tokenKey":")" + reader + R"("})");
  CHECK(own.status == 200);
  CHECK(Json::parse(own.text).value()["hubId"].integer() == 111);
  Answer other = call(reader, "POST", path, R"({"tokenKey":"pat-na1-00000000-0000-0000-0000-000000000000"})");
  CHECK(other.status == 403);
  CHECK(upstream.seen.empty());
}

TEST_CASE_FIXTURE(Way, "a client key in a target goes nowhere, not even back") {
  std::string reader = key("billing", "reader");
  for (const std::string& target :
       {"/crm/v3/objects/contacts/" + reader, "/crm/v3/objects/contacts?x=" + reader}) {
    Answer answer = call(reader, "GET", target);
    CHECK(answer.category() == "HUBWARD_CREDENTIAL_IN_TARGET");
    CHECK(answer.text.find(reader) == std::string::npos);
  }
  CHECK(upstream.seen.empty());
}

TEST_CASE("a target names a connection only behind /c/") {
  CHECK_FALSE(read_route("/crm/v3/objects/contacts")->connection);
  auto route = read_route("/c/acme-prod/crm/v3/objects/contacts?limit=1");
  CHECK(route->connection == ConnectionName{"acme-prod"});
  CHECK(route->target == "/crm/v3/objects/contacts?limit=1");
  for (std::string_view target : {"/c/", "/c//crm", "/c/acme", "/c/acme?x=1", "/c/a%20b/crm", "/c/a b/crm"})
    CHECK_FALSE_MESSAGE(read_route(target), target);
}

TEST_CASE_FIXTURE(Way, "a call without a token is told when the next renewal begins") {
  std::string reader = key("billing", "reader");
  house.clock.advance(house.hubspot.life + std::chrono::seconds(1));
  // A wrong client secret is asked about again after a minute.
  house.hubspot.client_secret = "another";
  Answer answer = call(reader, "GET", "/crm/v3/objects/contacts");
  CHECK(answer.status == 503);
  CHECK(answer.category() == "HUBWARD_GRANT_UNAVAILABLE");
  CHECK(answer.fields.find("retry-after") == "60");
  house.clock.advance(std::chrono::milliseconds(20'500));
  CHECK(call(reader, "GET", "/crm/v3/objects/contacts").fields.find("retry-after") == "40");
}
