// SPDX-License-Identifier: Apache-2.0
// The operators' API through its doors, over a real store and a HubSpot in memory.
#include "app/graph.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <utility>

#include "app/reload.hpp"
#include "async/await.hpp"
#include "grants/fake_token_endpoint.hpp"
#include "store/temporary_directory.hpp"

namespace hubward::app {
namespace {

struct Answered {
  int status = 0;
  Json body;
  std::string text;
  http::Fields fields;
};

class House {
 public:
  House() : hubspot_(loop_), log_(clock_, telemetry::silent_sink()) {
    write("root.key", "8f3a1c5e7b902d4f6a8c0e1b3d5f7092a4c6e8f0123456789abcdef013579bdf");
    write("new.key", "1032547698badcfe0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef");
    write("operator", "operator-token");
  }

  Result<void> open(std::string_view root_key = "root.key") {
    graph_.reset();
    Result<void> outcome;
    loop_.run_task(open_graph(config(root_key), outcome));
    return outcome;
  }
  void close() { graph_.reset(); }

  struct Question {
    std::string method = "GET", target, body;
    std::vector<std::pair<std::string, std::string>> fields;
    std::optional<std::uint32_t> uid;  // over the socket; else over the network
  };
  Answered ask(Question question) {
    Answered answered;
    loop_.run_task(ask_door(std::move(question), answered));
    return answered;
  }
  Answered command(std::string method, std::string target, std::string body = "") {
    return ask({std::move(method), "/api/v1/" + std::move(target), std::move(body), {}, 0});
  }

  Config config(std::string_view root_key) {
    Config config;
    config.store_dir = directory_.file("store");
    config.root_key.text = "file:" + directory_.file(std::string(root_key));
    config.public_url = "https://hooks.example.com";
    config.admin.token.text = "file:" + directory_.file("operator");
    config.egress.client_certificates = asks_for_certificates;
    config.apps["office"].kind = AppSettings::Kind::Private;
    RuleSettings rule;
    rule.name = "read contacts";
    rule.objects = {"contacts"};
    rule.actions = {"view"};
    config.roles["reader"].rules = {rule};
    return config;
  }

  bool asks_for_certificates = false;

  grants::FakeHubSpot& hubspot() { return hubspot_; }
  Graph& graph() { return *graph_; }
  std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  void write(const std::string& name, const std::string& text) {
    std::string path = directory_.file(name);
    std::ofstream(path) << text;
    REQUIRE(chmod(path.c_str(), 0600) == 0);
  }

  Async<void> open_graph(Config config, Result<void>& outcome) {
    auto opened = co_await Graph::open({loop_, secrets_, catalogue_, log_, &hubspot_}, std::move(config));
    if (opened) {
      graph_ = std::move(*opened);
    } else {
      outcome = std::unexpected(opened.error());
    }
  }

  Async<void> ask_door(Question question, Answered& answered) {
    http::Request request;
    request.method = question.method;
    request.target = question.target;
    for (const auto& [name, value] : question.fields) request.fields.add(name, value);
    if (!question.body.empty()) request.body = http::text_body(question.body);
    request.peer.address = question.uid ? "unix" : "127.0.0.1";
    request.peer.uid = question.uid;
    http::Response response;
    if (question.uid) {
      response = co_await graph_->doors().from_socket(std::move(request));
    } else {
      response = co_await graph_->doors().from_network(std::move(request));
    }
    Result<std::string> text = co_await http::read_all(std::move(response.body), 1 << 20);
    answered.status = response.status;
    answered.fields = std::move(response.fields);
    if (!text) co_return;
    answered.text = *text;
    if (Result<Json> json = Json::parse(*text)) answered.body = std::move(*json);
  }

  store::TemporaryDirectory directory_;
  SystemClock clock_;
  Loop loop_;
  OutsideSecrets secrets_;
  hubspot::Catalogue catalogue_ = hubspot::Catalogue::built_in();
  grants::FakeHubSpot hubspot_;
  telemetry::Log log_;
  std::unique_ptr<Graph> graph_;
};

TEST_CASE("a token is handed over, a client gets a key once, and every change is in the journal") {
  House house;
  REQUIRE(house.open());
  std::string token = house.hubspot().static_token(HubId{8801234});

  Answered connected = house.command("PUT", "connections/office/token?app=office", token + "\n");
  CAPTURE(connected.text);
  REQUIRE(connected.status == 200);
  CHECK(connected.body["account"].integer() == 8801234);
  CHECK(connected.text.find(token) == std::string::npos);

  Answered created =
      house.command("POST", "clients", R"({"name":"billing","role":"reader","connections":["office"]})");
  CAPTURE(created.text);
  REQUIRE(created.status == 200);
  std::string key = created.body["key"].text_or("");
  CHECK(key.starts_with("hwk_"));
  CHECK(created.fields.find("Cache-Control") == "no-store");
  CHECK(house.command("GET", "clients/billing").text.find(key) == std::string::npos);
  CHECK(house.command("POST", "clients", R"({"name":"billing","role":"reader","connections":["office"]})")
            .status == 409);
  CHECK(
      house.command("POST", "clients/billing/rotate", R"({"overlap_seconds":60})").body["key"].text_or("") !=
      key);

  Answered revoked = house.command("POST", "clients/billing/revoke");
  CHECK(revoked.status == 200);
  CHECK_FALSE(revoked.body["revoked_at"].is_null());

  std::string lines;
  for (const Json& line : house.command("GET", "journal?kind=admin&format=text").body["lines"].items())
    lines += line.text_or("");
  for (std::string_view act : {"connection.token", "client.create", "client.rotate", "client.revoke"}) {
    CAPTURE(act);
    CHECK(lines.find(act) != std::string::npos);
  }
  CHECK(lines.find("CLIENT_EXISTS") != std::string::npos);
  CHECK(lines.find("uid 0") != std::string::npos);
  CHECK(lines.find(key) == std::string::npos);
  CHECK(lines.find(token) == std::string::npos);
}

TEST_CASE("a connection that is connected again keeps its clients, and says which scopes their roles lack") {
  House house;
  REQUIRE(house.open());
  auto connect = [&] {
    std::string token = house.hubspot().static_token(HubId{8801234});
    return house.command("PUT", "connections/office/token?app=office", token + "\n").status;
  };
  REQUIRE(connect() == 200);
  CHECK(house.command("GET", "connections/office").body["notes"].items().empty());
  REQUIRE(house.command("POST", "clients", R"({"name":"billing","role":"reader","connections":["office"]})")
              .status == 200);
  house.hubspot().scopes = {"oauth"};
  REQUIRE(connect() == 200);
  CHECK(house.command("GET", "connections/office").body["generation"].integer() == 2);

  Json notes = house.command("GET", "connections/office").body["notes"];
  REQUIRE(notes.items().size() == 1);
  CHECK(notes.items()[0].text() ==
        "role reader allows view on contacts, which HubSpot will refuse without the scope "
        "crm.objects.contacts.read: add it to the app in HubSpot's settings, then store its token again: "
        "hubward connection rotate office");

  REQUIRE(house.command("POST", "connections/office/disconnect", R"({"uninstall":false})").status == 200);
  house.hubspot().scopes = {"oauth", "crm.objects.contacts.read"};
  REQUIRE(connect() == 200);
  CHECK(house.command("GET", "connections/office").body["notes"].items().empty());
  Json client = house.command("GET", "clients/billing").body;
  CHECK(client["role"].text() == "reader");
  CHECK(client["connections"].items()[0].text() == "office");
}

TEST_CASE("a connection is shown with its state, why, and what to do, also after it was disconnected") {
  House house;
  REQUIRE(house.open());
  std::string token = house.hubspot().static_token(HubId{8801234});
  REQUIRE(house.command("PUT", "connections/office/token?app=office", token + "\n").status == 200);

  Json connected = house.command("GET", "connections/office").body;
  CHECK(connected["state"].text() == "connected");
  CHECK(connected["region"].text() == "na1");
  CHECK(connected["sentence"].text() == "office is connected: its token works; nothing to do.");
  for (const char* member : {"cause", "next_step", "trouble_at", "disconnected_at"}) {
    CAPTURE(member);
    CHECK(connected.has(member));
    CHECK(connected[member].is_null());
  }

  REQUIRE(house.command("POST", "connections/office/disconnect", R"({"uninstall":false})").status == 200);

  Json gone = house.command("GET", "connections/office").body;
  CHECK(gone["state"].text() == "disconnected");
  CHECK(gone["cause"].text() == "it was disconnected by uid 0");
  CHECK(gone["next_step"].text() ==
        "To connect the account again: hubward connection add office --app office.");
  CHECK_FALSE(gone["disconnected_at"].is_null());
  CHECK(gone["renewed_at"].is_null());
  CHECK(house.command("GET", "connections").body["connections"].items().size() == 1);
  CHECK(house.command("GET", "status").body["connections"].integer() == 0);
}

TEST_CASE("a client may be known by a certificate, where the egress door asks for one") {
  House house;
  REQUIRE(house.open());
  std::string token = house.hubspot().static_token(HubId{8801234});
  REQUIRE(house.command("PUT", "connections/office/token?app=office", token + "\n").status == 200);
  const std::string hash(64, 'a'), other(64, 'b');
  auto wanted = [](std::string name, std::string more) {
    return R"({"name":")" + name + R"(","role":"reader","connections":["office"],)" + more + "}";
  };
  std::string order = wanted("billing", R"("certificate_key_sha256":")" + hash + R"(")");
  Answered refused = house.command("POST", "clients", order);
  CHECK(refused.status == 400);
  CHECK(refused.text.find("client_certificates = true") != std::string::npos);

  house.close();
  house.asks_for_certificates = true;
  REQUIRE(house.open());
  Answered created = house.command("POST", "clients", order);
  CAPTURE(created.text);
  REQUIRE(created.status == 200);
  CHECK(created.text == R"({"client":"billing"})");
  Answered shown = house.command("GET", "clients/billing");
  CHECK(shown.body["credential"].text() == "certificate");
  CHECK(shown.body["certificates"].items()[0]["key_sha256"].text() == hash);
  CHECK(house.command("POST", "clients/billing/rotate", R"({"overlap_seconds":60})").status == 400);
  Answered rotated = house.command("POST", "clients/billing/rotate",
                                   R"({"overlap_seconds":60,"certificate_key_sha256":")" + other + R"("})");
  REQUIRE(rotated.status == 200);
  CHECK(rotated.body["certificates"].items().size() == 2);
  Answered both = house.command(
      "POST", "clients",
      wanted("both", R"("credential":"both","certificate_key_sha256":")" + std::string(64, 'c') + R"(")"));
  CHECK(both.body["key"].text_or("").starts_with("hwk_"));

  const std::string wrong[] = {
      R"("certificate_key_sha256":"ab")", R"("certificate":"nonsense")", R"("credential":"any")",
      R"("credential":"both")",
      R"("credential":"key","certificate_key_sha256":")" + std::string(64, 'd') + R"(")"};
  for (const std::string& more : wrong) {
    CAPTURE(more);
    CHECK(house.command("POST", "clients", wanted("wrong", more)).status == 400);
  }
  // Turned off again, such clients are trouble that an operator is told of.
  CHECK(house.command("GET", "status").body["troubles"].items().empty());
  house.close();
  house.asks_for_certificates = false;
  REQUIRE(house.open());
  CHECK(house.command("GET", "status").text.find("client billing shows a certificate, but") !=
        std::string::npos);
}

TEST_CASE("what cannot be done is refused with the reason") {
  House house;
  REQUIRE(house.open());
  struct Row {
    std::string method, target, body;
    int status;
    std::string_view part;
  };
  const Row rows[] = {
      {"POST", "clients", R"({"name":"b","role":"nobody","connections":["x"]})", 404, "no role"},
      {"POST", "clients", R"({"name":"b","role":"reader","connections":["x"]})", 404, "no connection"},
      {"POST", "clients", R"({"role":"reader"})", 400, "\\\"name\\\" must be text"},
      {"POST", "clients", "[]", 400, "JSON object"},
      {"POST", "clients", "{", 400, "not JSON"},
      {"POST", "clients/b/revoke", "", 404, "no client"},
      {"POST", "connections/x/refresh", "", 404, "no connection"},
      {"PUT", "connections/x/token?app=office", "", 400, "must be the token"},
      {"GET", "journal?from=yesterday", "", 400, "must be a time"},
      {"GET", "journal?colour=red", "", 400, "does not exist"},
      {"GET", "journal/tail?count=0", "", 400, "from 1 to"},
      {"GET", "nothing", "", 404, "nothing here"},
      {"DELETE", "clients", "", 405, "GET, POST"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    Answered answered = house.command(row.method, row.target, row.body);
    CAPTURE(answered.text);
    CHECK(answered.status == row.status);
    CHECK(answered.text.find(row.part) != std::string::npos);
    CHECK(answered.body["category"].text_or("").starts_with("HUBWARD_"));
  }
}

TEST_CASE("the operators' door wants the token, a name of ours, and no page of others") {
  House house;
  REQUIRE(house.open());
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields good = {{"Host", "localhost:7443"}, {"Authorization", "Bearer operator-token"}};
  struct Row {
    std::string_view what;
    Fields fields;
    int status;
  };
  const Row rows[] = {
      {"the right one", good, 200},
      {"no token", {{"Host", "localhost"}}, 401},
      {"a wrong one", {{"Host", "localhost"}, {"Authorization", "Bearer operator-tokem"}}, 401},
      {"a longer one", {{"Host", "localhost"}, {"Authorization", "Bearer operator-token2"}}, 401},
      {"another scheme", {{"Host", "localhost"}, {"Authorization", "Basic operator-token"}}, 401},
      {"two",
       {{"Host", "localhost"}, {"Authorization", "Bearer x"}, {"Authorization", "Bearer operator-token"}},
       401},
      {"no Host", {{"Authorization", "Bearer operator-token"}}, 403},
      {"another Host", {{"Host", "evil.example"}, {"Authorization", "Bearer operator-token"}}, 403},
      {"a Host that only begins so",
       {{"Host", "localhost.evil.example"}, {"Authorization", "Bearer operator-token"}},
       403},
      {"a page of ours", {good[0], good[1], {"Origin", "https://localhost:7443"}}, 200},
      {"a page of others", {good[0], good[1], {"Origin", "https://evil.example"}}, 403},
      {"a page from nowhere", {good[0], good[1], {"Origin", "null"}}, 403},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(house.ask({"GET", "/api/v1/status", "", row.fields, {}}).status == row.status);
  }
  CHECK(house.ask({"GET", "/healthz", "", {{"Host", "localhost"}}, {}}).status == 200);
  CHECK(house.ask({"GET", "/readyz", "", {{"Host", "localhost"}}, {}}).status == 401);
  CHECK(house.ask({"GET", "/readyz", "", good, {}}).body["ready"].boolean() == true);
  CHECK(house.ask({"GET", "/metrics", "", good, {}}).text.find("hubward_connections{state=\"dead\"} 0") !=
        std::string::npos);
}

TEST_CASE("whoever is turned away at the operators' doors is counted and recorded") {
  House house;
  REQUIRE(house.open());
  const std::pair<std::string, std::string> host = {"Host", "localhost"};
  const std::pair<std::string, std::string> token = {"Authorization", "Bearer operator-token"};
  house.ask({"GET", "/api/v1/status", "", {host, {"Authorization", "Bearer guessed"}}, {}});
  house.ask({"GET", "/metrics", "", {host}, {}});
  house.ask({"GET", "/healthz", "", {{"Host", "evil.example"}}, {}});
  house.ask({"GET", "/metrics", "", {host, token, {"Origin", "https://evil.example"}}, {}});
  house.ask({"GET", "/metrics", "", {}, getuid() + 4711});

  std::string metrics = house.ask({"GET", "/metrics", "", {host, token}, {}}).text;
  for (std::string_view counted :
       {R"({reason="TOKEN_REFUSED"} 2)", R"({reason="HOST_REFUSED"} 1)", R"({reason="ORIGIN_REFUSED"} 1)",
        R"({reason="USER_REFUSED"} 1)", R"({reason="DOOR_CLOSED"} 0)"}) {
    CAPTURE(counted);
    CHECK(metrics.find("hubward_admin_refusals_total" + std::string(counted)) != std::string::npos);
  }
  REQUIRE(house.graph().journal().flush());
  auto found = house.graph().journal().find(
      {.filter = {.kind = journal::Kind::Admin, .decision = journal::Decision::Deny}, .limit = 100});
  REQUIRE(found);
  std::multiset<std::string> reasons;
  for (const journal::Record& record : found->records) {
    reasons.insert(record.reason);
    CHECK(record.operation == "door.refuse");
    CHECK(record.peer == (record.reason == "USER_REFUSED" ? "unix" : "127.0.0.1"));
    CHECK(record.status == (record.reason == "TOKEN_REFUSED" ? 401 : 403));
  }
  CHECK(reasons == std::multiset<std::string>{"TOKEN_REFUSED", "TOKEN_REFUSED", "HOST_REFUSED",
                                              "ORIGIN_REFUSED", "USER_REFUSED"});
}

TEST_CASE("over the socket only root and our own user are let in") {
  House house;
  REQUIRE(house.open());
  CHECK(house.ask({"GET", "/api/v1/status", "", {}, 0}).status == 200);
  CHECK(house.ask({"GET", "/api/v1/status", "", {}, getuid()}).status == 200);
  CHECK(house.ask({"GET", "/api/v1/status", "", {}, getuid() + 4711}).status == 403);
}

TEST_CASE("a rotated root key opens the store, and the old one no more") {
  House house;
  REQUIRE(house.open());
  std::string token = house.hubspot().static_token(HubId{8801234});
  REQUIRE(house.command("PUT", "connections/office/token?app=office", token).status == 200);

  Answered rotated = house.command("POST", "keys/rotate", R"({"to":"file:)" + house.file("new.key") + "\"}");
  CAPTURE(rotated.text);
  CHECK(rotated.status == 200);
  house.close();

  CHECK_FALSE(house.open("root.key"));
  REQUIRE(house.open("new.key"));
  CHECK(house.command("GET", "connections/office").status == 200);
}

TEST_CASE("a store in use is not opened a second time") {
  House house;
  REQUIRE(house.open());
  Loop loop;
  OutsideSecrets secrets;
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  SystemClock clock;
  telemetry::Log log(clock, telemetry::silent_sink());
  Config config = house.config("root.key");
  std::string code;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives the loop
  auto open = [&]() -> Async<void> {
    auto second = co_await Graph::open({loop, secrets, catalogue, log}, config);
    code = second ? "" : second.error().code;
  };
  loop.run_task(open());
  CHECK(code == "STORE_IN_USE");
}

TEST_CASE("a reload swaps roles whole, and refuses what it cannot read") {
  House house;
  REQUIRE(house.open());
  Config config = house.config("root.key");
  config.roles["writer"] = config.roles["reader"];
  REQUIRE(house.graph().apply(config));
  CHECK(house.command("GET", "roles/writer").status == 200);

  Config broken = config;
  broken.roles.erase("writer");
  broken.admin.token.text = "file:/nowhere/token";
  CHECK_FALSE(house.graph().apply(broken));
  CHECK(house.command("GET", "roles/writer").status == 200);
}

TEST_CASE("what a reload cannot change stays in force, and is told at every reload until the restart") {
  House house;
  REQUIRE(house.open());
  Config before = house.config("root.key");
  Config wanted = before;
  wanted.store_dir += "/elsewhere";
  wanted.root_key.text = "file:/elsewhere";
  wanted.other_root_key.text = "file:/another";
  wanted.public_url = "https://elsewhere.example.com";
  wanted.egress.port = 1;
  wanted.public_door.port = 2;
  wanted.admin.door.port = 3;
  wanted.limits.connections = 7;
  wanted.upstream.connections_per_connection = 8;
  wanted.upstream.answer = std::chrono::milliseconds(9);
  wanted.log.format = Log::Format::Json;
  wanted.journal.queue_records = 10;
  wanted.journal.retention = std::chrono::days(11);
  wanted.apps["site"].client_id = "0c11";
  wanted.apps["site"].client_secret.text = "file:" + house.file("operator");

  for (int reload = 0; reload < 2; ++reload) {
    CAPTURE(reload);
    CHECK(needs_restart(house.graph().config(), wanted) ==
          "store_dir, root_key, public_url, [listen.egress], [listen.public], [listen.admin], [limits], "
          "[log] format, [journal]");
    REQUIRE(house.graph().apply(wanted));
  }

  Config expected = before;
  expected.upstream.answer = wanted.upstream.answer;
  expected.journal.retention = wanted.journal.retention;
  expected.apps = wanted.apps;
  CHECK(house.graph().config() == expected);
  Answered apps = house.command("GET", "apps");
  CHECK(apps.text.find("https://hooks.example.com/oauth/site") != std::string::npos);
  CHECK(apps.text.find("elsewhere") == std::string::npos);
}

TEST_CASE("a token taken out closes the operators' door at once, and its listener with the restart") {
  House house;
  REQUIRE(house.open());
  Config wanted = house.config("root.key");
  wanted.admin.token = {};
  for (int reload = 0; reload < 2; ++reload) {
    CAPTURE(reload);
    CHECK(needs_restart(house.graph().config(), wanted) == "[listen.admin]");
    REQUIRE(house.graph().apply(wanted));
  }
  CHECK(house.ask({"GET", "/healthz", "", {{"Host", "localhost"}}, {}}).status == 403);
}

}  // namespace
}  // namespace hubward::app
