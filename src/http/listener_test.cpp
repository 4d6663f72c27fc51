// SPDX-License-Identifier: Apache-2.0
#include "http/listener.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <fstream>

#include "async/await.hpp"
#include "core/json.hpp"
#include "http/error_response.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

// "/whole" pulls the body and says its length, "/first" pulls one piece, everything else pulls nothing.
Async<Response> answer(Request request) {
  if (request.path() == "/whole") {
    Result<std::string> body = co_await read_all(std::move(request.body), 1024 * 1024);
    if (!body) co_return error_response(body.error());
    co_return text_response(200, "text/plain", "whole " + std::to_string(body->size()));
  }
  if (request.path() == "/first" && request.body) {
    Result<std::string_view> piece = co_await request.body->next();
    if (!piece) co_return error_response(piece.error());
  }
  if (request.path() == "/close") {
    Response response = text_response(200, "text/plain", "closing");
    response.then = Response::Then::Close;
    co_return response;
  }
  if (request.path() == "/abort") {
    Response response;
    response.then = Response::Then::Abort;
    co_return response;
  }
  Response response = text_response(200, "text/plain", request.method + " " + request.target);
  if (request.path() == "/204") response.status = 204;
  if (request.path() == "/304") response.status = 304;
  if (request.path() == "/empty") response.body = nullptr;
  if (request.path() == "/status") response.status = 99;
  if (request.path() == "/peer") response.body = text_body(request.peer.address);
  if (request.path() == "/uid") response.body = text_body(std::to_string(request.peer.uid.value_or(0) + 1));
  if (request.path() == "/back") response.body = std::move(request.body);
  co_return response;
}

// A body that fails after some pieces.
class FailingBody final : public Body {
 public:
  FailingBody(int pieces, std::optional<std::uint64_t> length) : pieces_(pieces), length_(length) {}
  Async<Result<std::string_view>> next() override {
    co_await yield();
    if (pieces_-- <= 0) co_return failure("UPSTREAM_ANSWER", Fault::Network, Retry::Later, "broke off");
    co_return std::string_view("piece");
  }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  int pieces_;
  std::optional<std::uint64_t> length_;
};

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view target, std::string_view fields, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

// Everything that comes back for these bytes, until the door closes.
std::string talk(std::uint16_t port, std::string_view bytes) {
  RawSocket socket(port);
  socket.send(bytes);
  std::string answered = socket.read_to_end();
  CHECK(socket.ended());
  return answered;
}

int status_of(std::string_view answered) {
  return answered.size() > 12 ? std::stoi(std::string(answered.substr(9, 3))) : 0;
}

bool is_served(std::uint16_t port) {
  return talk(port, get("/good", "Connection: close\r\n")).ends_with("GET /good");
}

Async<void> drain(Listener& listener, std::promise<void>& done) {
  co_await listener.drain(after(10s));
  done.set_value();
}

Limits impatient() {
  Limits limits;
  limits.handshake = limits.head = limits.idle = limits.body_idle = 50ms;
  return limits;
}

}  // namespace

TEST_CASE("hostile bytes are answered with an error or a close, and the next request is served") {
  using namespace std::string_literals;
  Limits limits;
  limits.head_bytes = 2048;
  limits.target_bytes = 512;
  limits.body_bytes = 1000;
  FakeDoor door(answer, limits);
  const std::string hostile[] = {
      // smuggling: what follows must never be served as a second request
      post("/whole", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n",
           "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
      post("/whole", "Content-Length: 0\r\nContent-Length: 44\r\n", get("/smuggled")),
      post("/whole", "Content-Length: 0, 44\r\n", get("/smuggled")),
      post("/whole", "Content-Length: +5\r\n", "hello"),
      post("/whole", "Content-Length: -1\r\n", "hello"),
      post("/whole", "Content-Length: 0x5\r\n", "hello"),
      post("/whole", "Content-Length: 5abc\r\n", "hello"),
      post("/whole", "Content-Length : 5\r\n", "hello"),
      post("/whole", "Content-Length:\r\n", "hello"),
      post("/whole", "Content-Length\r\n", "hello"),
      post("/whole", "Content-Length: 99999999999999999999\r\n", "hello"),
      post("/whole", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
      post("/whole", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
      post("/whole",
           "Transfer-Encoding:\x0b"
           "chunked\r\n",
           "0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n"),
      post("/whole", " Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("/whole", "X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("/whole", "X: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("/whole", "X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      // chunked bodies
      post("/whole", "Transfer-Encoding: chunked\r\n", "5;ext=1\r\nhello\r\n0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "0\r\nX-Trailer: y\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nhello"),
      post("/whole", "Transfer-Encoding: chunked\r\n", "5 \r\nhello\r\n0\r\n\r\n"),
      post("/ignored", "Transfer-Encoding: chunked\r\n", "0;\r\n\r\n" + get("/smuggled")),
      post("/first", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n1\nb\r\n0\r\n\r\n" + get("/smuggled")),
      // bodies over the limit
      post("/whole", "Content-Length: 1001\r\n", std::string(1001, 'x')),
      post("/whole", "Transfer-Encoding: chunked\r\n", "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"),
      // targets
      "GET http://h/smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
      "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
      get("/a b"),
      get("/a\tb"),
      get("/a#b"),
      get("/a\\b"),
      get("/\xc3\xa4"),
      get("/\xff\xfe"),
      get("/a%"),
      get("/a%0g"),
      get("/a\0b"s),
      get("/a\x7f"),
      get("/" + std::string(600, 'a')),
      "GET /" + std::string(5000, 'a'),
      // heads
      get("/", "X: " + std::string(3000, 'a') + "\r\n"),
      get("/", "X: a\0b\r\n"s),
      get("/", "X: \xc3\xa4\r\n"),
      get("/", "X\x80: a\r\n"),
      get("/", "X : a\r\n"),
      get("/", ": a\r\n"),
      get("/", "X\r\n"),
      get("/", "Host: i\r\n"),
      get("/", "Expect: 200-ok\r\n"),
      get("/", "Connection: host\r\n"),
      get("/", "Authorization: a\r\nAuthorization: b\r\n"),
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/1.1\nHost: h\n\n",
      "\r\n" + get("/"),
      "get / HTTP/1.1\r\nHost: h\r\n\r\n",
      "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
      std::string(30, 'A') + " / HTTP/1.1\r\nHost: h\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s,
      "\0\0\0\0\0\0"s,
      "SSH-2.0-OpenSSH_9\r\n\r\n",
  };
  CHECK(std::size(hostile) >= 60);
  for (const std::string& bytes : hostile) {
    CAPTURE(bytes);
    std::string answered = talk(door.port(), bytes);
    bool handler_answers = bytes.starts_with("POST /ignored") || bytes.starts_with("POST /first");
    if (!handler_answers) {
      CHECK(status_of(answered) >= 400);
      CHECK(answered.contains("\"category\":\"HUBWARD_"));
      CHECK(answered.contains("Connection: close\r\n"));
    }
    CHECK_FALSE(answered.contains("/smuggled"));
    CHECK(is_served(door.port()));
  }
}

TEST_CASE("an error has HubSpot's envelope") {
  FakeDoor door(answer);
  std::string answered = talk(door.port(), get("/a#b"));
  std::size_t body = answered.find("\r\n\r\n");
  REQUIRE(body != std::string::npos);
  Result<Json> envelope = Json::parse(answered.substr(body + 4));
  REQUIRE(envelope);
  CHECK((*envelope)["status"].text() == "error");
  CHECK((*envelope)["category"].text() == "HUBWARD_BAD_REQUEST");
  CHECK((*envelope)["correlationId"].text_or("").size() == 36);
  CHECK((*envelope)["message"].text_or("") != "");
}

TEST_CASE("requests on one connection are served in their order, however they are sent") {
  FakeDoor door(answer);
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    bytes += get("/" + std::to_string(i));
    bytes += post("/whole", "Content-Length: 5\r\n", "hello");
    bytes += post("/ignored", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
  }
  bytes += get("/last", "Connection: close\r\n");
  std::string at_once = talk(door.port(), bytes);
  RawSocket slow(door.port());
  for (char byte : bytes) slow.send(std::string_view(&byte, 1));
  CHECK(slow.read_to_end() == at_once);
  for (int i = 0; i < 20; ++i) CHECK(at_once.contains("GET /" + std::to_string(i)));
  CHECK(at_once.contains("whole 5"));
  CHECK(at_once.ends_with("GET /last"));
}

TEST_CASE("answers carry no body where none may be") {
  FakeDoor door(answer);
  auto with_method = [&](std::string method, std::string target) {
    return talk(door.port(), method + " " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  };
  CHECK(with_method("HEAD", "/x").contains("Content-Length: 7\r\n"));
  CHECK(with_method("HEAD", "/x").ends_with("\r\n\r\n"));
  CHECK_FALSE(with_method("HEAD", "/empty").contains("Content-Length"));
  CHECK(with_method("GET", "/empty").contains("Content-Length: 0\r\n"));
  for (std::string target : {"/204", "/304"}) {
    CHECK(with_method("GET", target).ends_with("\r\n\r\n"));
    CHECK_FALSE(with_method("GET", target).contains("Content-Length"));
    CHECK_FALSE(with_method("GET", target).contains("Transfer-Encoding"));
  }
  CHECK(status_of(with_method("GET", "/status")) == 500);
}

TEST_CASE("a handler may end the connection, with its answer or without") {
  FakeDoor door(answer);
  std::string closing = talk(door.port(), get("/close") + get("/next"));
  CHECK(closing.contains("Connection: close\r\n"));
  CHECK(closing.ends_with("closing"));
  CHECK(talk(door.port(), get("/abort")).empty());
}

TEST_CASE("100 Continue is sent when the body is first pulled, and only then") {
  FakeDoor door(answer);
  std::string head = post("/whole", "Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n", "");
  {
    RawSocket socket(door.port());
    socket.send(head);
    CHECK(socket.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    socket.send("hello");
    CHECK(socket.read_to_end().ends_with("whole 5"));
  }
  // Not asked to go on, the client may or may not send its body: the connection cannot be used again.
  std::string unwanted =
      talk(door.port(), post("/ignored", "Content-Length: 5\r\nExpect: 100-continue\r\n", ""));
  CHECK(unwanted.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(unwanted.contains("Connection: close\r\n"));
  // It came along at once: no need to ask.
  CHECK(talk(door.port(), head + "hello").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a body that nobody pulled is dropped when it is small, else the connection ends") {
  FakeDoor door(answer);
  std::string small = talk(door.port(), post("/ignored", "Content-Length: 5\r\n", "hello") +
                                            get("/next", "Connection: close\r\n"));
  CHECK(small.ends_with("GET /next"));
  std::string large(200'000, 'x');
  std::string closed =
      talk(door.port(), post("/ignored", "Content-Length: 200000\r\n", large) + get("/next"));
  CHECK(closed.contains("Connection: close\r\n"));
  CHECK(closed.ends_with("POST /ignored"));
}

TEST_CASE("an answer may be the request's own body") {
  FakeDoor door(answer);
  CHECK(talk(door.port(), post("/back", "Content-Length: 5\r\nConnection: close\r\n", "hello"))
            .ends_with("hello"));
  std::string chunked =
      talk(door.port(), post("/back", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") +
                            get("/next", "Connection: close\r\n"));
  CHECK(chunked.contains("5\r\nhello\r\n0\r\n\r\n"));
  CHECK(chunked.ends_with("GET /next"));
}

TEST_CASE("an answer whose body fails is an error before its first byte and a cut after it") {
  auto handler = [](Request request) -> Async<Response> {
    Response response;
    bool known = request.query() == "known";
    if (known) response.correlation_id = "the-id-in-the-journal";
    int pieces = request.path() == "/early" ? 0 : 2;
    response.body =
        std::make_unique<FailingBody>(pieces, known ? std::optional<std::uint64_t>(100) : std::nullopt);
    co_return response;
  };
  FakeDoor door(handler);
  CHECK(status_of(talk(door.port(), get("/early"))) == 502);
  std::string early = talk(door.port(), get("/early?known"));
  CHECK(status_of(early) == 502);
  CHECK(early.contains("\"correlationId\":\"the-id-in-the-journal\""));
  std::string cut = talk(door.port(), get("/late"));
  CHECK(cut.contains("5\r\npiece\r\n"));
  CHECK_FALSE(cut.contains("0\r\n\r\n"));
  CHECK(talk(door.port(), get("/late?known")).ends_with("piecepiece"));
}

TEST_CASE("slow clients are ended in time") {
  FakeAuthority authority;
  FakeAuthority::Leaf leaf = authority.issue("leaf");
  FakeDoor door(answer, impatient());
  CHECK(talk(door.port(), "").empty());                    // says nothing
  CHECK(status_of(talk(door.port(), "GET / HT")) == 408);  // never ends its head
  std::string idle = talk(door.port(), get("/x"));         // keeps the connection and sends nothing
  CHECK(idle.ends_with("GET /x"));
  CHECK(status_of(talk(door.port(), post("/whole", "Content-Length: 5\r\n", "he"))) == 408);
  CHECK(status_of(talk(door.port(), post("/whole", "Transfer-Encoding: chunked\r\n", "5\r\nhe"))) == 408);
  CHECK(talk(door.port(), post("/ignored", "Content-Length: 5\r\n", "he")).ends_with("POST /ignored"));
  FakeDoor tls_door(answer, impatient(), TlsServer{leaf.certificate_file, leaf.key_file, false});
  CHECK(talk(tls_door.port(), "").empty());
  CHECK(talk(tls_door.port(), "\x16\x03\x01").empty());
  talk(tls_door.port(), get("/plain-to-tls"));  // an alert, or nothing
}

TEST_CASE("a connection that was idle for a while is served as before") {
  FakeDoor door(answer);
  RawSocket socket(door.port());
  socket.send(get("/1"));
  CHECK(socket.read_until("GET /1").ends_with("GET /1"));
  timeval longer_than_buffers_are_kept{.tv_sec = 1, .tv_usec = 200'000};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &longer_than_buffers_are_kept,
               sizeof longer_than_buffers_are_kept);
  CHECK(socket.read_to_end().empty());
  CHECK_FALSE(socket.ended());
  socket.send(get("/2", "Connection: close\r\n"));
  CHECK(socket.read_to_end().ends_with("GET /2"));
}

TEST_CASE("a client that does not read its answer is ended in time") {
  std::promise<void> reached, drained;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives the door
  auto handler = [&](Request) -> Async<Response> {
    reached.set_value();
    co_return text_response(200, "text/plain", std::string(64'000'000, 'x'));
  };
  FakeDoor door(handler, impatient());
  RawSocket socket(door.port());
  socket.send(get("/"));
  reached.get_future().wait();
  door.on_loop([&] { door.loop().spawn(drain(door.listener(), drained)); });
  CHECK(drained.get_future().wait_for(5s) == std::future_status::ready);
}

TEST_CASE("a local socket is for its owner, says who called, and is replaced only when nobody listens") {
  FakeAuthority folder;
  Endpoint endpoint;
  endpoint.socket_path = folder.folder() + "/door.sock";
  Loop loop;
  auto connect = [&] {
    int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    endpoint.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
  };
  {
    FakeDoor door(answer, {}, std::nullopt, endpoint);
    struct stat found{};
    REQUIRE(::stat(endpoint.socket_path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    int fd = connect();
    std::string request = get("/uid", "Connection: close\r\n");
    CHECK(::send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    char bytes[1000];
    std::string text;
    for (ssize_t size = 0; (size = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
      text.append(bytes, static_cast<std::size_t>(size));
    ::close(fd);
    CHECK(text.ends_with("\r\n\r\n" + std::to_string(::getuid() + 1)));
    Result<std::unique_ptr<Listener>> second = Listener::open(loop, endpoint, std::nullopt, {}, answer);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.contains("another program listens"));
  }
  struct stat gone{};
  CHECK(::stat(endpoint.socket_path.c_str(), &gone) != 0);
  // A file left by a process that was killed.
  int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  endpoint.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  CHECK(Listener::open(loop, endpoint, std::nullopt, {}, answer));
  std::ofstream(endpoint.socket_path) << "a file";
  CHECK_FALSE(Listener::open(loop, endpoint, std::nullopt, {}, answer));
}

TEST_CASE("a door that cannot be opened says why") {
  Loop loop;
  auto message = [&](Endpoint endpoint, std::optional<TlsServer> tls) {
    Result<std::unique_ptr<Listener>> opened =
        Listener::open(loop, std::move(endpoint), std::move(tls), {}, answer);
    return opened ? std::string() : opened.error().message;
  };
  FakeDoor door(answer);
  CHECK(message({.address = "127.0.0.1", .port = door.port()}, std::nullopt).contains("in use"));
  CHECK(message({.address = "localhost"}, std::nullopt).contains("not an IPv4 or IPv6 address"));
  CHECK(message({}, TlsServer{"/nowhere.pem", "/nowhere.key", false}).contains("/nowhere.pem"));
  FakeAuthority authority;
  FakeAuthority::Leaf one = authority.issue("one"), other = authority.issue("other");
  CHECK(message({}, TlsServer{one.certificate_file, other.key_file, false}).contains(other.key_file));
}

TEST_CASE("draining lets requests in flight finish and ends idle connections") {
  std::promise<void> reached;
  std::atomic<bool> go_on = false;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives the door
  auto handler = [&](Request request) -> Async<Response> {
    reached.set_value();
    while (!go_on) co_await sleep_until(after(1ms));
    co_return text_response(200, "text/plain", "finished " + request.target);
  };
  FakeDoor door(handler);
  RawSocket idle(door.port()), busy(door.port());
  busy.send(get("/busy"));
  reached.get_future().wait();
  std::promise<void> drained;
  door.on_loop([&] { door.loop().spawn(drain(door.listener(), drained)); });
  CHECK(idle.read_to_end().empty());
  CHECK_FALSE(RawSocket(door.port()).connected());
  go_on = true;
  std::string answered = busy.read_to_end();
  CHECK(answered.contains("Connection: close\r\n"));
  CHECK(answered.ends_with("finished /busy"));
  drained.get_future().wait();
}
