// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <doctest/doctest.h>

#include "async/await.hpp"
#include "core/encoding.hpp"
#include "http/error_response.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"
#include "http/fake_origin.hpp"
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

Async<Answer> ask(Client& client, Outgoing request, Deadline deadline) {
  Result<Response> response = co_await client.send(request, deadline);
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
  Answer operator()(Outgoing request, std::chrono::milliseconds patience = 10s) {
    Answer answer;
    auto run = [](Client& from, Outgoing what, Deadline until, Answer& into) -> Async<void> {
      into = co_await ask(from, std::move(what), until);
    };
    loop.run_task(run(*client, std::move(request), after(patience), answer));
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

// One byte at once, the next only when the time for the whole request is over.
class TricklingBody final : public Body {
 public:
  explicit TricklingBody(Deadline over) : over_(over) {}
  Async<Result<std::string_view>> next() override {
    if (given_++ > 0) co_await sleep_until(over_);
    co_return std::string_view("x");
  }
  std::optional<std::uint64_t> length() const override { return 1'000'000; }

 private:
  const Deadline over_;
  int given_ = 0;
};

}  // namespace

TEST_CASE("a client shows its certificate to a server that asks for one") {
  FakeAuthority authority;
  FakeAuthority::Leaf leaf = authority.issue("leaf"), own = authority.issue("own"),
                      other = authority.issue("other");
  TlsServer asking{
      .certificate_file = leaf.certificate_file, .key_file = leaf.key_file, .asks_for_certificate = true};
  FakeDoor door(
      [](Request request) -> Async<Response> {
        Response response;
        std::string shown =
            request.peer.certificate ? to_hex(request.peer.certificate->facts.key_hash) : "none";
        response.body = text_body(std::move(shown));
        co_return response;
      },
      {}, asking);
  Origin origin{Origin::Scheme::Https, "localhost", door.port()};
  CHECK(Caller(trusting(authority))(get(origin, "/")).body == "none");
  ClientOptions showing = trusting(authority);
  showing.certificate_file = own.certificate_file;
  showing.key_file = own.key_file;
  auto facts = try_client_certificate(own.certificate_file, own.key_file);
  REQUIRE(facts);
  Caller call(showing);
  CHECK(call(get(origin, "/")).body == to_hex(facts->key_hash));
  CHECK(call(get(origin, "/")).body == to_hex(facts->key_hash));

  struct Row {
    std::string certificate, key;
    std::string_view complaint;
  };
  for (const Row& row : {Row{own.certificate_file, other.key_file, "key values mismatch"},
                         Row{own.certificate_file, own.certificate_file, "cannot use the key file"},
                         Row{"/nowhere", own.key_file, "cannot use the certificate file /nowhere"}}) {
    auto wrong = try_client_certificate(row.certificate, row.key);
    REQUIRE_FALSE(wrong);
    CHECK_MESSAGE(wrong.error().message.contains(row.complaint), wrong.error().message);
  }
}

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

TEST_CASE("only the right certificate is accepted") {
  FakeAuthority authority, other_authority;
  FakeAuthority::Leaf good = authority.issue("good"),
                      misnamed = authority.issue("misnamed", "DNS:example.com");
  FakeDoor door(echo, {}, TlsServer{good.certificate_file, good.key_file, false});
  FakeDoor misnamed_door(echo, {}, TlsServer{misnamed.certificate_file, misnamed.key_file, false});
  Caller call(trusting(authority));
  CHECK(call(get({Origin::Scheme::Https, "localhost", door.port()}, "/")).status == 200);
  CHECK(call(get({Origin::Scheme::Https, "127.0.0.1", door.port()}, "/")).status == 200);
  Answer wrong_name = call(get({Origin::Scheme::Https, "localhost", misnamed_door.port()}, "/"));
  CHECK(wrong_name.code == "UPSTREAM_CONNECT");
  CHECK(wrong_name.body.contains("hostname mismatch"));
  Answer wrong_address = call(get({Origin::Scheme::Https, "127.0.0.1", misnamed_door.port()}, "/"));
  CHECK(wrong_address.code == "UPSTREAM_CONNECT");
  Caller stranger(trusting(other_authority));
  Answer unknown = stranger(get({Origin::Scheme::Https, "localhost", door.port()}, "/"));
  CHECK(unknown.code == "UPSTREAM_CONNECT");
  CHECK(unknown.body.contains("certificate refused"));
  Answer not_tls = call(get({Origin::Scheme::Https, "localhost", FakeDoor(echo).port()}, "/"));
  CHECK(not_tls.code == "UPSTREAM_CONNECT");
}

TEST_CASE("a listener for TLS 1.3 only, and one whose certificate was renewed") {
  FakeAuthority authority, newer;
  FakeAuthority::Leaf leaf = authority.issue("leaf");
  FakeDoor door(echo, {}, TlsServer{leaf.certificate_file, leaf.key_file, true});
  Origin origin{Origin::Scheme::Https, "localhost", door.port()};
  Caller old_trust(trusting(authority)), new_trust(trusting(newer));
  CHECK(old_trust(get(origin, "/")).status == 200);
  FakeAuthority::Leaf renewed = newer.issue("leaf");
  std::filesystem::rename(renewed.certificate_file, leaf.certificate_file);
  door.on_loop([&] { CHECK_FALSE(door.listener().reload_certificate()); });  // the key is still the old one
  CHECK(new_trust(get(origin, "/")).code == "UPSTREAM_CONNECT");
  std::filesystem::rename(renewed.key_file, leaf.key_file);
  door.on_loop([&] { CHECK(door.listener().reload_certificate()); });
  CHECK(new_trust(get(origin, "/")).status == 200);
  CHECK(old_trust(get(origin, "/")).status == 200);  // over the connection that was open
}

TEST_CASE("an answer that breaks the rules is an error, and its connection is not used again") {
  const std::string hostile[] = {
      "garbage\r\n\r\n",
      "HTTP/1.1 200\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConte",
      "",
  };
  for (const std::string& bytes : hostile) {
    CAPTURE(bytes);
    FakeOrigin origin({{{bytes}}});
    Caller call;
    Answer answer = call(get(plain(origin.port()), "/"));
    CHECK(answer.code == "UPSTREAM_ANSWER");
    CHECK(call.client->open_connections() == 0);
    CHECK(origin.connections() == 1);
  }
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  FakeOrigin origin({{{interim}}});
  CHECK(Caller()(get(plain(origin.port()), "/")).code == "UPSTREAM_ANSWER");
}

TEST_CASE("bodies end by their length, their last chunk or the close") {
  using Then = FakeOrigin::Script::Then;
  FakeOrigin origin({
      {{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello"},
       Then::Close},
      {{"HTTP/1.0 200 OK\r\n\r\nhello"}, Then::Close},
  });
  Caller call;
  for (std::string expected : {"hello", "hello", "", "", "hello", "hello"}) {
    Answer answer = call(get(plain(origin.port()), "/"));
    CHECK(answer.code == "");
    CHECK(answer.body == expected);
  }
  CHECK(origin.connections() == 2);
}

TEST_CASE("more bytes than the answer has make the connection unusable") {
  std::string two =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  FakeOrigin origin({{{two}, FakeOrigin::Script::Then::Hold}});
  Caller call;
  CHECK(call(get(plain(origin.port()), "/1")).body == "hello");
  CHECK(call(get(plain(origin.port()), "/2")).body == "hello");
  CHECK(origin.connections() == 2);
}

TEST_CASE(
    "a kept connection that has ended is replaced, but a request that may have acted is not sent twice") {
  std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  // Closed right after its answer: seen before the next request is sent, whatever that is.
  FakeOrigin closing({{{ok}, FakeOrigin::Script::Then::Close}});
  Caller call;
  for (int i = 0; i < 3; ++i) {
    Outgoing post = get(plain(closing.port()), "/" + std::to_string(i));
    post.method = "POST";
    CHECK(call(std::move(post)).body == "ok");
    auto until_closed = [](FakeOrigin& origin, int count) -> Async<void> {
      while (origin.closed() < count) co_await sleep_until(after(1ms));
    };
    call.loop.run_task(until_closed(closing, i + 1));
  }
  // Closes when the second request has arrived: a GET is sent again on a new connection, a POST is not.
  for (std::string method : {"GET", "DELETE", "POST", "PATCH"}) {
    CAPTURE(method);
    FakeOrigin origin({{{ok, ""}}, {{ok}}});
    Caller second_call;
    CHECK(second_call(get(plain(origin.port()), "/")).body == "ok");
    Outgoing again = get(plain(origin.port()), "/");
    again.method = method;
    Answer answer = second_call(std::move(again));
    bool repeated = method == "GET" || method == "DELETE";
    CHECK(answer.body == (repeated ? "ok" : answer.body));
    CHECK(answer.code == (repeated ? "" : "UPSTREAM_ANSWER"));
    CHECK(origin.connections() == (repeated ? 2 : 1));
  }
}

TEST_CASE("every wait for an origin ends") {
  using Then = FakeOrigin::Script::Then;
  FakeOrigin silent({{{""}, Then::Hold}});
  CHECK(Caller()(get(plain(silent.port()), "/"), 50ms).code == "UPSTREAM_TIMEOUT");
  FakeOrigin stalling({{{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"}, Then::Hold}});
  ClientOptions options{.system_authorities = false, .connect = 50ms, .body_idle = 50ms};
  CHECK(Caller(options)(get(plain(stalling.port()), "/")).code == "UPSTREAM_TIMEOUT");
  FakeOrigin no_tls({{{""}, Then::Hold}});
  CHECK(Caller(options)(get({Origin::Scheme::Https, "localhost", no_tls.port()}, "/")).code ==
        "UPSTREAM_CONNECT");
  std::uint16_t closed_port = FakeOrigin({{{""}}}).port();
  CHECK(Caller(options)(get(plain(closed_port), "/")).code == "UPSTREAM_CONNECT");
  CHECK(Caller(options)(get({Origin::Scheme::Http, "no-such-host.invalid", 80}, "/")).code ==
        "UPSTREAM_CONNECT");
}

TEST_CASE("connections are shared within a pool, and a pool that is forgotten is closed") {
  FakeDoor door(echo);
  Caller call({.system_authorities = false, .idle_per_pool = 2});
  for (std::string pool : {"a", "b", "a", "b"}) {
    Outgoing request = get(plain(door.port()), "/");
    request.pool = pool;
    CHECK(call(std::move(request)).status == 200);
  }
  CHECK(call.client->open_connections() == 2);
  call.client->forget_pool("a");
  CHECK(call.client->open_connections() == 1);
  call.client->forget_pool("unknown");
  CHECK(call.client->open_connections() == 1);
}

TEST_CASE("requests beyond a pool's connections wait for their turn") {
  FakeDoor door(echo);
  Caller call({.system_authorities = false, .connections_per_pool = 2});
  int answered = 0;
  std::size_t most_open = 0;
  auto one = [](Client& client, Origin origin, int& count, std::size_t& most) -> Async<void> {
    Outgoing request = get(origin, "/");
    Answer answer = co_await ask(client, std::move(request), after(10s));
    CHECK(answer.status == 200);
    most = std::max(most, client.open_connections());
    ++count;
  };
  for (int i = 0; i < 20; ++i) call.loop.spawn(one(*call.client, plain(door.port()), answered, most_open));
  auto all = [](int& count) -> Async<void> {
    while (count < 20) co_await sleep_until(after(1ms));
  };
  call.loop.run_task(all(answered));
  CHECK(most_open <= 2);
}

namespace {

// As many calls at once, to their end.
void call_together(Caller& call, Origin origin, int calls) {
  int answered = 0;
  auto one = [](Client& client, Origin to, int& count) -> Async<void> {
    Outgoing request = get(to, "/");
    Answer answer = co_await ask(client, std::move(request), after(10s));
    CHECK(answer.status == 200);
    ++count;
  };
  auto all = [](int& count, int wanted) -> Async<void> {
    while (count < wanted) co_await yield();
  };
  for (int i = 0; i < calls; ++i) call.loop.spawn(one(*call.client, origin, answered));
  call.loop.run_task(all(answered, calls));
}

}  // namespace

TEST_CASE("calls that come in waves do not connect anew in each") {
  FakeDoor door(echo);
  Caller call({.system_authorities = false, .idle_per_pool = 2, .busy = 1h});
  for (int wave = 0; wave < 2; ++wave) {
    call_together(call, plain(door.port()), 6);
    CHECK(call.client->open_connections() == 6);
  }
}

TEST_CASE("a connection that is one too many is closed when it rests") {
  FakeDoor door(echo);
  Caller call({.system_authorities = false, .idle_per_pool = 2, .idle = 1h, .busy = 1ms});
  call_together(call, plain(door.port()), 6);
  auto resting = [](Client& client) -> Async<void> {
    while (client.open_connections() > 2) co_await sleep_until(after(1ms));
  };
  call.loop.run_task(resting(*call.client));
  CHECK(call.client->open_connections() == 2);
}

TEST_CASE("an idle connection is closed after its time") {
  FakeDoor door(echo);
  Caller call({.system_authorities = false, .idle = 20ms});
  CHECK(call(get(plain(door.port()), "/")).status == 200);
  CHECK(call.client->open_connections() == 1);
  call.loop.run_until_idle();  // until the client has nothing left to wait for
  CHECK(call.client->open_connections() == 0);
}

TEST_CASE("an answer that is not read to its end closes its connection") {
  FakeDoor door(echo);
  Caller call;
  auto drop = [](Client& client, Origin origin) -> Async<void> {
    Outgoing request = get(origin, "/");
    request.method = "POST";
    request.body = text_body(std::string(1'000'000, 'x'));
    Result<Response> response = co_await client.send(request, after(10s));
    CHECK(response);
    CHECK(client.open_connections() == 1);
  };
  call.loop.run_task(drop(*call.client, plain(door.port())));
  CHECK(call.client->open_connections() == 0);
}

TEST_CASE("the length of a body that HEAD leaves out is known") {
  FakeDoor door(echo);
  Caller call;
  std::optional<std::uint64_t> length;
  auto head = [](Client& client, Origin origin, std::optional<std::uint64_t>& into) -> Async<void> {
    Outgoing request = get(origin, "/");
    request.method = "HEAD";
    Result<Response> response = co_await client.send(request, after(10s));
    CHECK(response);
    if (response && response->body) into = response->body->length();
    Result<std::string> text = co_await read_all(std::move(response->body), 1000);
    CHECK(text == "");
  };
  call.loop.run_task(head(*call.client, plain(door.port()), length));
  CHECK(length.value_or(0) > 5);
}

TEST_CASE("what would be another message on the wire is not sent") {
  FakeOrigin origin({{{"HTTP/1.1 200 OK\r\n\r\n"}}});
  Caller call;
  for (std::string target : {"", "a", "/a b", "/a\r\nX: y", "/\xff"})
    CHECK(call(get(plain(origin.port()), target)).code == "REQUEST_INVALID");
  Outgoing request = get(plain(origin.port()), "/");
  request.method = "GET /x";
  CHECK(call(std::move(request)).code == "REQUEST_INVALID");
  request = get(plain(origin.port()), "/");
  request.bearer = Secret(std::string_view("token\r\nX: y"));
  CHECK(call(std::move(request)).code == "REQUEST_INVALID");
  CHECK(origin.connections() == 0);
}

TEST_CASE("fields that belong to the connection, and the caller's own Host and Authorization, are not sent") {
  FakeOrigin origin({{{"HTTP/1.1 204 \r\n\r\n"}}});
  Caller call;
  Outgoing request = get(plain(origin.port()), "/");
  request.fields.add("Host", "evil");
  request.fields.add("Authorization", "Bearer the callers own");
  request.fields.add("Connection", "close");
  request.fields.add("Content-Length", "99");
  request.fields.add("Transfer-Encoding", "chunked");
  request.fields.add("X-Mine", "yes");
  request.bearer = Secret(std::string_view("ours"));
  CHECK(call(std::move(request)).status == 204);
  std::string host = "127.0.0.1:" + std::to_string(origin.port());
  CHECK(origin.received() ==
        "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Mine: yes\r\nAuthorization: Bearer ours\r\n\r\n");
}

TEST_CASE("origins are read strictly and written back") {
  for (std::string_view text : {"https://api.hubapi.com", "http://localhost:8080", "https://127.0.0.1:8443",
                                "https://[::1]:8443", "http://[::1]", "https://localhost:80"}) {
    Result<Origin> origin = parse_origin(text);
    REQUIRE_MESSAGE(origin, text);
    CHECK(to_string(*origin) == text);
  }
  CHECK(to_string(*parse_origin("https://API.hubapi.com:443")) == "https://api.hubapi.com");
  for (std::string_view text : {"",
                                "api.hubapi.com",
                                "ftp://h",
                                "https://",
                                "https://h/",
                                "https://h/path",
                                "https://u@h",
                                "https://u:p@h",
                                "https://h:",
                                "https://h:0",
                                "https://h:65536",
                                "https://h:+1",
                                "https://h?x",
                                "https://h#x",
                                "https://h h",
                                "https://[::1",
                                "https://[h]",
                                "https://[::1]x",
                                "https://.h",
                                "https://h\n",
                                "HTTPS://h"})
    CHECK_MESSAGE(parse_origin(text).error().code == "ORIGIN", text);
  // For the C library a text ends at a zero byte.
  CHECK_FALSE(parse_origin(std::string_view("https://[::1\0x]", 15)));
}

TEST_CASE("a body that trickles does not hold its connection beyond the deadline") {
  FakeOrigin origin({{.answers = {""}, .then = FakeOrigin::Script::Then::Hold}});
  Caller caller;
  Outgoing request = get({Origin::Scheme::Http, "127.0.0.1", origin.port()}, "/upload");
  request.method = "POST";
  request.body = std::make_unique<TricklingBody>(after(500ms));
  Answer answer = caller(std::move(request), 500ms);
  CHECK(answer.code == "REQUEST_BODY");
  CHECK(caller.client->open_connections() == 0);
}

TEST_CASE("an answer that comes before the request is whole is heard, though nobody takes the rest") {
  using Then = FakeOrigin::Script::Then;
  auto post = [](std::uint16_t port) {
    Outgoing request = get(plain(port), "/upload");
    request.method = "POST";
    request.body = text_body(std::string(32'000'000, 'x'));
    return request;
  };
  FakeOrigin holds({{{"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"}, Then::Deaf}});
  Caller caller;
  Answer answer = caller(post(holds.port()));
  CHECK(answer.status == 413);
  CHECK(answer.body == "big");
  CHECK(caller.client->open_connections() == 0);
  // One that neither takes the rest nor answers is given up, also when it has said that it sends no more.
  ClientOptions options{.system_authorities = false, .body_idle = 100ms};
  FakeOrigin silent({{{""}, Then::Deaf}});
  CHECK(Caller(options)(post(silent.port())).code == "UPSTREAM_TIMEOUT");
  FakeOrigin finished({{{""}, Then::DeafAndDone}});
  CHECK(Caller(options)(post(finished.port())).code == "UPSTREAM_TIMEOUT");
}

TEST_CASE("interim answers do not end an upload that waits for its reader") {
  using Then = FakeOrigin::Script::Then;
  constexpr std::size_t size = 16'000'000;
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
  auto upload = [&](std::string interim, std::string last) {
    FakeOrigin origin(
        {{.answers = {std::move(interim)}, .then = Then::Take, .last = std::move(last), .taken = size}});
    Outgoing request = get(plain(origin.port()), "/upload");
    request.method = "POST";
    request.body = text_body(std::string(size, 'x'));
    return Caller()(std::move(request));
  };
  CHECK(upload(early, good).body == "good");
  CHECK(upload(early + "HTTP/1.1 102 Processing\r\n\r\n", good).body == "good");
  CHECK(upload(early + "HTTP/1.1 10", "0 Continue\r\n\r\n" + good).body == "good");
  CHECK(upload("HTT", "P/1.1 100 Continue\r\n\r\n" + good).body == "good");
  // What is no interim answer ends it: also behind one, and when it is nothing at all.
  CHECK(upload(early + "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig", "").body == "big");
  CHECK(upload("HTTP/1.1 1x3 Odd\r\n\r\n", "").code == "UPSTREAM_ANSWER");
  CHECK(upload("nonsense and more\r\n\r\n", "").code == "UPSTREAM_ANSWER");
  std::string many;
  for (int i = 0; i < 9; ++i) many += early;
  CHECK(upload(many, "").body.contains("without end"));
}

TEST_CASE("every byte of a slow answer counts, however many pieces came at once") {
  using Then = FakeOrigin::Script::Then;
  // 400 bytes a second in chunks of one, of which each wait brings eight.
  std::string eight;
  for (int i = 0; i < 8; ++i) eight += "1\r\nx\r\n";
  FakeOrigin origin({{.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
                      .then = Then::Trickle,
                      .piece = eight,
                      .last = "0\r\n\r\n",
                      .pieces = 60}});
  ClientOptions options{.system_authorities = false, .body_idle = 400ms, .slowest_body = 100};
  Answer answer = Caller(options)(get(plain(origin.port()), "/"));
  CHECK(answer.code.empty());
  CHECK(answer.body.size() == 480);
}

TEST_CASE("an origin that trickles is given up, whatever it trickles") {
  using Then = FakeOrigin::Script::Then;
  ClientOptions options{.system_authorities = false, .body_idle = 300ms};
  std::string head = "HTTP/1.1 200 OK\r\n";
  struct Case {
    std::string begin;
    std::string piece;
    const char* code;
  };
  const Case cases[] = {{head + "Content-Length: 100000\r\n\r\n", "x", "UPSTREAM_TIMEOUT"},
                        {head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "UPSTREAM_TIMEOUT"},
                        {head + "\r\n", "x", "UPSTREAM_TIMEOUT"},
                        {head, "X: y\r\n", "UPSTREAM_TIMEOUT"},
                        {"", "HTTP/1.1 103 Early Hints\r\n\r\n", "UPSTREAM_ANSWER"}};
  for (const Case& one : cases) {
    CAPTURE(one.piece);
    FakeOrigin origin({{{one.begin}, Then::Trickle, one.piece}});
    Deadline start = std::chrono::steady_clock::now();
    CHECK(Caller(options)(get(plain(origin.port()), "/"), 2s).code == one.code);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
  }
}
