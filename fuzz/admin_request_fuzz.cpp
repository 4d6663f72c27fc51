// SPDX-License-Identifier: Apache-2.0
// Requests at the operators' doors, over a real store: every one is answered, nobody without the token learns
// or changes anything, and no answer holds a sealed token. The first byte chooses the door and the
// credential, the first line is "METHOD target", the rest the body.
//
// aims at: src/admin/routes.cpp
// aims at: src/admin/api.cpp
// aims at: src/admin/doors.cpp
// also uses: app
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "app/graph.hpp"
#include "async/await.hpp"
#include "core/invariant.hpp"
#include "grants/fake_token_endpoint.hpp"
#include "http/grammar.hpp"
#include "input.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;

namespace {

constexpr std::string_view operator_token = "operator-token";
// A store grows with what is asked of it: it begins anew after so many requests.
constexpr int requests_per_house = 2000;

struct Answered {
  int status = 0;
  std::string text;
};

class House {
 public:
  House() : hubspot_(loop_), log_(clock_, telemetry::silent_sink()) {
    write("root.key", "8f3a1c5e7b902d4f6a8c0e1b3d5f7092a4c6e8f0123456789abcdef013579bdf");
    write("operator", operator_token);
    loop_.run_task(open());
    token_ = hubspot_.static_token(HubId{8801234});
    connect_an_account();
  }

  const std::string& token() const { return token_; }
  Answered ask(http::Request request) {
    Answered answered;
    loop_.run_task(ask_door(std::move(request), &answered));
    return answered;
  }

 private:
  void connect_an_account() {
    http::Request request;
    request.method = "PUT";
    request.target = "/api/v1/connections/office/token?app=office";
    request.peer.uid = 0;
    request.body = http::text_body(token_);
    invariant(ask(std::move(request)).status == 200, "an account is connected");
  }
  void write(const std::string& name, std::string_view text) {
    std::string path = directory_.file(name);
    std::ofstream(path) << text;
    invariant(::chmod(path.c_str(), 0600) == 0, "a secret is private");
  }

  Async<void> open() {
    app::Config config;
    config.store_dir = directory_.file("store");
    config.root_key.text = "file:" + directory_.file("root.key");
    config.public_url = "https://hooks.example.com";
    config.admin.token.text = "file:" + directory_.file("operator");
    config.admin.allowed_hosts = {"gate.test"};
    config.apps["office"].kind = app::AppSettings::Kind::Private;
    app::RuleSettings rule;
    rule.name = "read contacts";
    rule.objects = {"contacts"};
    rule.actions = {"view"};
    config.roles["reader"].rules = {rule};
    auto opened =
        co_await app::Graph::open({loop_, secrets_, catalogue_, log_, &hubspot_}, std::move(config));
    invariant(opened.has_value(), opened ? "" : opened.error().message);
    graph_ = std::move(*opened);
  }

  Async<void> ask_door(http::Request request, Answered* answered) {
    http::Response response;
    if (request.peer.uid) {
      response = co_await graph_->doors().from_socket(std::move(request));
    } else {
      response = co_await graph_->doors().from_network(std::move(request));
    }
    Result<std::string> text = co_await http::read_all(std::move(response.body), 8 << 20);
    invariant(text.has_value(), "an answer can be read");
    *answered = {response.status, std::move(*text)};
  }

  store::TemporaryDirectory directory_;
  SystemClock clock_;
  Loop loop_;
  app::OutsideSecrets secrets_;
  hubspot::Catalogue catalogue_ = hubspot::Catalogue::built_in();
  grants::FakeHubSpot hubspot_;
  telemetry::Log log_;
  std::unique_ptr<app::Graph> graph_;
  std::string token_;
};

// In place of "{TOKEN}", so that a kept input can connect an account.
std::string with_token(std::string_view body, const std::string& token) {
  constexpr std::string_view hole = "{TOKEN}";
  std::string text(body);
  if (std::size_t at = text.find(hole); at != std::string::npos) text.replace(at, hole.size(), token);
  return text;
}

struct Visitor {
  bool known = false;
  http::Request request;
};

// Bits of `how`: over the socket; another user; a token; a wrong one; a foreign host; a foreign origin.
Visitor visitor(std::uint8_t how) {
  Visitor visitor;
  bool socket = (how & 1) != 0, other = (how & 2) != 0, token = (how & 4) != 0, wrong = (how & 8) != 0;
  bool foreign_host = (how & 16) != 0, foreign_origin = (how & 32) != 0;
  visitor.request.peer.address = socket ? "unix" : "127.0.0.1";
  if (socket) visitor.request.peer.uid = other ? 12345U : 0U;
  visitor.request.fields.add("Host", foreign_host ? "evil.test" : "gate.test:8444");
  if (foreign_origin) visitor.request.fields.add("Origin", "https://evil.test");
  if (token)
    visitor.request.fields.add("Authorization", "Bearer " + std::string(wrong ? "wrong" : operator_token));
  visitor.known = socket ? !other : token && !wrong && !foreign_host && !foreign_origin;
  return visitor;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<House> house;
  static int asked = 0;
  if (!house || ++asked % requests_per_house == 0) house = std::make_unique<House>();

  Input input(data, size);
  auto [known, request] = visitor(input.byte());
  std::string_view rest = input.rest();
  std::string_view line = rest.substr(0, rest.find('\n'));
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(std::min(line.size(), request.method.size() + 1));
  bool could_arrive = http::is_token(request.method) && request.target.starts_with('/') &&
                      http::all(http::ByteClass::target, request.target);
  if (!could_arrive) return 0;
  std::string body = with_token(rest.substr(std::min(rest.size(), line.size() + 1)), house->token());
  if (!body.empty()) request.body = http::text_body(body);
  bool alive = request.path() == "/healthz";

  Answered answered = house->ask(std::move(request));
  invariant(answered.status >= 200 && answered.status < 600, "every request is answered");
  invariant(!answered.text.contains(house->token()), "no answer holds a token");
  if (!known && !alive)
    invariant(answered.status == 401 || answered.status == 403, "a stranger is turned away");
  return 0;
}
