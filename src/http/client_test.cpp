// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <doctest/doctest.h>

#include "async/await.hpp"
#include "http/error_response.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"
#include "http/listener.hpp"

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

// Says what it was asked, as a body of known length; "/chunked" streams it.
class UnknownLength final : public Body {
 public:
  explicit UnknownLength(std::unique_ptr<Body> body) : body_(std::move(body)) {}
  Async<Result<std::string_view>> next() override { return body_->next(); }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::unique_ptr<Body> body_;
};

Async<Response> echo(Request request) {
  std::string said = request.method + " " + request.target + "\n";
  for (std::size_t i = 0; i < request.fields.size(); ++i)
    said += std::string(request.fields[i].name) + ": " + std::string(request.fields[i].value) + "\n";
  Result<std::string> body = co_await read_all(std::move(request.body), 16 * 1024 * 1024);
  if (!body) co_return error_response(body.error());
  Response response = text_response(200, "text/plain", said + *body);
  if (request.path() == "/chunked") response.body = std::make_unique<UnknownLength>(std::move(response.body));
  co_return response;
}

struct Answer {
  int status = 0;
  std::string body;
  std::string code;
};

Async<Answer> ask(Client& client, Outgoing request) {
  Result<Response> response = co_await client.send(std::move(request), after(10s));
  if (!response) co_return Answer{0, response.error().message, response.error().code};
  Result<std::string> body = co_await read_all(std::move(response->body), 32 * 1024 * 1024);
  if (!body) co_return Answer{response->status, body.error().message, body.error().code};
  co_return Answer{response->status, *body, ""};
}

Outgoing get(Origin origin, std::string target) {
  Outgoing request;
  request.origin = std::move(origin);
  request.target = std::move(target);
  return request;
}

// A client on the test's own loop; the door has its own.
struct Caller {
  explicit Caller(ClientOptions options = {.system_authorities = false}) {
    Result<std::unique_ptr<Client>> made = Client::make(loop, std::move(options));
    REQUIRE(made);
    client = std::move(*made);
  }
  Answer operator()(Outgoing request) {
    Answer answer;
    auto run = [](Client& from, Outgoing what, Answer& into) -> Async<void> {
      into = co_await ask(from, std::move(what));
    };
    loop.run_task(run(*client, std::move(request), answer));
    return answer;
  }
  Loop loop;
  std::unique_ptr<Client> client;
};

Origin plain(std::uint16_t port) {
  return {Origin::Scheme::Http, "127.0.0.1", port};
}

ClientOptions trusting(const FakeAuthority& authority) {
  ClientOptions options;
  options.system_authorities = false;
  options.authority_files = {authority.authority_file()};
  return options;
}

}  // namespace

TEST_CASE("a client and a listener speak with each other, plain and through TLS") {
  FakeAuthority authority;
  FakeAuthority::Leaf leaf = authority.issue("leaf");
  for (bool with_tls : {false, true}) {
    CAPTURE(with_tls);
    std::optional<TlsServer> tls;
    if (with_tls) tls = TlsServer{leaf.certificate_file, leaf.key_file, false};
    FakeDoor door(echo, {}, tls);
    Caller call(trusting(authority));
    Origin origin = plain(door.port());
    if (with_tls) origin = {Origin::Scheme::Https, "localhost", door.port()};

    Outgoing request = get(origin, "/a?b=c");
    request.fields.add("X-One", "1");
    request.bearer = Secret(std::string_view("the token"));
    std::string host = origin.host + ":" + std::to_string(origin.port);
    Answer answer = call(std::move(request));
    CHECK(answer.status == 200);
    CHECK(answer.body == "GET /a?b=c\nHost: " + host + "\nX-One: 1\nAuthorization: Bearer the token\n");

    for (std::string target : {"/known", "/chunked"}) {
      for (std::size_t size : {0u, 1u, 1000u, 16384u, 100000u, 3000000u}) {
        CAPTURE(size);
        std::string body(size, 'x');
        for (bool known : {true, false}) {
          Outgoing post = get(origin, target);
          post.method = "POST";
          post.body = text_body(body);
          if (!known) post.body = std::make_unique<UnknownLength>(std::move(post.body));
          Answer echoed = call(std::move(post));
          CHECK(echoed.status == 200);
          CHECK(echoed.body.size() == size + std::string("POST " + target + "\nHost: " + host + "\n").size());
        }
      }
    }
    CHECK(call.client->open_connections() == 1);  // all of it over one connection
  }
}
