// SPDX-License-Identifier: Apache-2.0
// What the doors do about clients that are too many, too slow or too greedy.
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "async/await.hpp"
#include "http/door_figures.hpp"
#include "http/error_response.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string last(std::string_view target) {
  return get(target, "Connection: close\r\n");
}

Async<Response> answer(Request request) {
  if (request.path() == "/whole") {
    Result<std::string> body = co_await read_all(std::move(request.body), 1024 * 1024);
    if (!body) co_return error_response(body.error());
    co_return text_response(200, "text/plain", "whole " + std::to_string(body->size()));
  }
  if (request.path() == "/large") co_return text_response(200, "text/plain", std::string(16'000'000, 'x'));
  co_return text_response(200, "text/plain", request.target);
}

// A door that counts what its bounds do.
class Watched {
 public:
  explicit Watched(Limits limits, std::optional<TlsServer> tls = std::nullopt,
                   Listener::Handler handler = answer)
      : figures_(std::make_shared<DoorFigures>("test", clock_, metrics_, log_)),
        door_(std::move(handler), std::move(limits), std::move(tls), {}, figures_) {}

  std::uint16_t port() const { return door_.port(); }
  FakeDoor& door() { return door_; }
  ManualClock& clock() { return clock_; }
  // How often that bound has ended a connection.
  int cuts(std::string_view reason) {
    return value("hubward_door_cuts_total{door=\"test\",reason=\"", reason);
  }
  int open() { return value("hubward_door_connections{door=\"test", ""); }
  int delayed() { return value("hubward_door_handshakes_delayed_total{door=\"test", ""); }
  int handshakes() { return value("hubward_door_handshakes_total{door=\"test", ""); }
  // Lines of the log; read once the door has nothing more to say.
  std::vector<std::string> lines() {
    std::vector<std::string> copy;
    door_.on_loop([&] { copy = lines_; });
    return copy;
  }
  // Until it is so. False after some seconds.
  template <class Condition>
  bool eventually(Condition holds) {
    for (int i = 0; i < 10'000 && !holds(); ++i) door_.on_loop([] {});
    for (Deadline end = after(5s); !holds() && std::chrono::steady_clock::now() < end;) ::usleep(1000);
    return holds();
  }

 private:
  int value(std::string_view begin, std::string_view reason) {
    std::string text = metrics_.text();
    std::string series = std::string(begin) + std::string(reason) + "\"} ";
    std::size_t at = text.find(series);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + series.size()));
  }

  ManualClock clock_;
  telemetry::Metrics metrics_;
  std::vector<std::string> lines_;
  telemetry::Log log_{clock_, [this](std::string_view line) {
                        lines_.emplace_back(line);
                        return true;
                      }};
  std::shared_ptr<DoorFigures> figures_;
  FakeDoor door_;
};

std::string talk(std::uint16_t port, std::string_view bytes) {
  RawSocket socket(port);
  socket.send(bytes);
  return socket.read_to_end();
}

Limits impatient() {
  Limits limits;
  limits.handshake = limits.head = limits.idle = limits.body_idle = 100ms;
  return limits;
}

struct Tls {
  FakeAuthority authority;
  FakeAuthority::Leaf leaf = authority.issue("leaf");
  TlsServer server{leaf.certificate_file, leaf.key_file, false};
};

}  // namespace

TEST_CASE("a full door lets the connection go that has been without a request longest") {
  Limits limits;
  limits.connections = 3;
  Watched door(limits);
  RawSocket served(door.port()), silent(door.port()), half(door.port());
  served.send(get("/one"));
  CHECK(served.read_until("/one").ends_with("/one"));
  half.send("GET /ha");
  CHECK(door.eventually([&] { return door.open() == 3; }));

  // Those who never asked for anything whole go first, the oldest before others.
  CHECK(talk(door.port(), last("/4")).ends_with("/4"));
  CHECK(silent.read_to_end().empty());
  CHECK(silent.ended());
  CHECK(door.cuts("gave_way") == 1);
  RawSocket fifth(door.port()), sixth(door.port());
  CHECK(half.read_to_end().empty());
  CHECK(half.ended());
  fifth.send(get("/5"));
  sixth.send(get("/6"));
  CHECK(fifth.read_until("/5").ends_with("/5"));
  CHECK(sixth.read_until("/6").ends_with("/6"));
  // Then whoever was served longest ago.
  CHECK(talk(door.port(), last("/7")).ends_with("/7"));
  CHECK(served.read_to_end().empty());
  CHECK(served.ended());
  fifth.send(last("/8"));
  CHECK(fifth.read_to_end().ends_with("/8"));
  CHECK(door.cuts("door_full") == 0);
}

TEST_CASE("a door full of requests in the making takes nobody in, and says so once in a while") {
  Limits limits;
  limits.connections = 2;
  std::atomic<bool> go_on = false;
  std::atomic<int> reached = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives the door
  auto handler = [&](Request) -> Async<Response> {
    ++reached;
    while (!go_on) co_await sleep_until(after(1ms));
    co_return text_response(200, "text/plain", "done");
  };
  Watched door(limits, std::nullopt, handler);
  RawSocket first(door.port()), second(door.port());
  first.send(last("/1"));
  second.send(last("/2"));
  CHECK(door.eventually([&] { return reached == 2; }));
  for (int i = 0; i < 5; ++i) CHECK(talk(door.port(), "").empty());
  CHECK(door.cuts("door_full") == 5);
  CHECK(door.lines().size() == 1);
  CHECK(door.lines()[0].contains("\"door\":\"test\""));
  door.clock().advance(DoorFigures::log_interval);
  CHECK(talk(door.port(), "").empty());
  REQUIRE(door.lines().size() == 2);
  CHECK(door.lines()[1].contains("\"door_full\":5"));
  go_on = true;
  CHECK(first.read_to_end().ends_with("done"));
  CHECK(second.read_to_end().ends_with("done"));
  CHECK(door.eventually([&] { return door.open() == 0; }));
  CHECK(talk(door.port(), last("/3")).ends_with("done"));
}

TEST_CASE("one address gets no more connections than its share, and others get theirs") {
  Limits limits;
  limits.admission.connections_per_address = 2;
  Watched door(limits);
  {
    RawSocket first(door.port(), "127.0.0.2"), second(door.port(), "127.0.0.2");
    CHECK(door.eventually([&] { return door.open() == 2; }));
    RawSocket third(door.port(), "127.0.0.2");
    third.send(get("/3"));
    CHECK(third.read_to_end().empty());
    CHECK(door.cuts("address_full") == 1);
    RawSocket other(door.port(), "127.0.0.3");
    other.send(last("/other"));
    CHECK(other.read_to_end().ends_with("/other"));
  }
  CHECK(door.eventually([&] { return door.open() == 0; }));
  RawSocket again(door.port(), "127.0.0.2");
  again.send(last("/again"));
  CHECK(again.read_to_end().ends_with("/again"));
}

TEST_CASE("an address that has its share gives up its own idle connection for a newcomer") {
  Limits limits;
  limits.connections = 3;
  limits.admission.connections_per_address = 2;
  Watched door(limits);
  RawSocket other(door.port(), "127.0.0.3"), first(door.port(), "127.0.0.2");
  for (RawSocket* socket : {&other, &first}) {
    socket->send(get("/idle"));
    CHECK(socket->read_until("/idle").ends_with("/idle"));
  }
  RawSocket second(door.port(), "127.0.0.2");
  CHECK(door.eventually([&] { return door.open() == 3; }));
  // The door is full too: who goes for the address goes for the door.
  RawSocket third(door.port(), "127.0.0.2");
  third.send(last("/third"));
  CHECK(third.read_to_end().ends_with("/third"));
  CHECK(first.read_to_end().empty());
  CHECK(first.ended());
  CHECK(door.cuts("gave_way") == 1);
  CHECK(door.cuts("address_full") == 0);
  other.send(last("/other"));
  CHECK(other.read_to_end().ends_with("/other"));
}

TEST_CASE("whoever was answered with errors only goes before those that were served") {
  Limits limits;
  limits.connections = 3;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): captures nothing
  auto handler = [](Request request) -> Async<Response> {
    int status = request.path() == "/refused" ? 401 : 200;
    co_return text_response(status, "text/plain", request.target);
  };
  Watched door(limits, std::nullopt, handler);
  RawSocket served(door.port()), refused(door.port()), fresh(door.port());
  served.send(get("/served"));
  CHECK(served.read_until("/served").ends_with("/served"));
  refused.send(get("/refused"));
  CHECK(refused.read_until("/refused").ends_with("/refused"));
  CHECK(door.eventually([&] { return door.open() == 3; }));
  CHECK(talk(door.port(), last("/next")).ends_with("/next"));
  CHECK(refused.read_to_end().empty());
  CHECK(refused.ended());
  for (RawSocket* socket : {&served, &fresh}) {
    socket->send(last("/last"));
    CHECK(socket->read_to_end().ends_with("/last"));
  }
}

TEST_CASE("handshakes beyond the rate wait for their turn, and are refused when it is too far off") {
  Tls tls;
  Limits limits;
  limits.admission.handshakes = {20, 1};
  limits.admission.longest_wait = 120ms;
  Watched door(limits, tls.server);
  std::vector<std::unique_ptr<RawSocket>> flood;
  for (int i = 0; i < 8; ++i) {
    flood.push_back(std::make_unique<RawSocket>(door.port()));
    flood.back()->send(std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10));  // a record, whole
  }
  // One now, two within the wait; how many more depends on how long the sockets took.
  CHECK(door.eventually([&] { return door.cuts("handshake_rate") > 0 && door.delayed() > 0; }));
  CHECK(door.cuts("handshake_rate") + door.delayed() < 8);
  // Whoever leaves while waiting frees the place at once.
  flood.clear();
  CHECK(door.eventually([&] { return door.open() == 0; }));
}

TEST_CASE("whoever leaves before its turn leaves the turn to others") {
  Tls tls;
  Limits limits;
  limits.admission.handshakes = {1, 1};
  limits.admission.longest_wait = 1500ms;  // one turn ahead, not two
  Watched door(limits, tls.server);
  std::string hello("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10);  // a record, whole
  CHECK_FALSE(talk(door.port(), hello).empty());                      // an alert
  {
    RawSocket leaves(door.port());
    leaves.send(hello);
    CHECK(door.eventually([&] { return door.delayed() == 1; }));
  }
  CHECK(door.eventually([&] { return door.open() == 0; }));
  RawSocket next(door.port());
  next.send(hello);
  CHECK(door.eventually([&] { return door.delayed() + door.cuts("handshake_rate") == 2; }));
  CHECK(door.delayed() == 2);
}

TEST_CASE("silence costs no turn") {
  Tls tls;
  Limits limits;
  limits.handshake = 200ms;
  limits.admission.handshakes_per_address = {1, 1};
  limits.admission.longest_wait = 0ms;
  Watched door(limits, tls.server);
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<RawSocket>(door.port()));
  CHECK(door.eventually([&] { return door.open() == 20; }));
  CHECK(talk(door.port(), "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(door.cuts("handshake_failed") == 1);
  CHECK(door.cuts("address_handshake_rate") == 0);
  CHECK(door.eventually([&] { return door.cuts("handshake_slow") == 20; }));
}

TEST_CASE("a hello that announces more than any has is refused before room is made for it") {
  Tls tls;
  Watched door({}, tls.server);
  std::string announced("\x16\x03\x01\x00\x04\x01\x01\xff\xff", 9);  // a ClientHello of 128 KiB
  CHECK(talk(door.port(), announced).empty());
  CHECK(door.cuts("handshake_failed") == 1);
}

TEST_CASE("clients of TLS 1.2 and 1.3, fresh and resumed, are not taken for liars") {
  Tls tls;
  Watched door({}, tls.server);
  struct Kind {
    int version;
    const char* groups;
  };
  // The last offers a key of a group that no door takes, is sent a HelloRetryRequest, and says hello again.
  for (Kind kind : {Kind{TLS1_2_VERSION, "X25519:P-256"}, Kind{TLS1_3_VERSION, "X25519:P-256"},
                    Kind{TLS1_3_VERSION, "X448:X25519"}}) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, kind.version);
    SSL_CTX_set1_groups_list(context, kind.groups);
    SSL_SESSION* session = nullptr;
    // What TLS 1.2 encrypts begins with random bytes: often enough that each value comes up.
    for (int i = 0; i < 300; ++i) {
      RawSocket socket(door.port());
      SSL* ssl = SSL_new(context);
      SSL_set_fd(ssl, socket.fd());
      if (session != nullptr) SSL_set_session(ssl, session);
      REQUIRE(SSL_connect(ssl) == 1);
      std::string request = last("/tls");
      CHECK(SSL_write(ssl, request.data(), static_cast<int>(request.size())) > 0);
      char bytes[1000];
      CHECK(SSL_read(ssl, bytes, sizeof bytes) > 0);
      if (i % 2 == 0) {
        SSL_SESSION_free(session);
        session = SSL_get1_session(ssl);
      }
      SSL_shutdown(ssl);
      SSL_free(ssl);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
  }
  CHECK(door.handshakes() == 900);
  CHECK(door.cuts("handshake_failed") == 0);
}

TEST_CASE("a request that comes in parts of TLS records loses none of its bytes") {
  Tls tls;
  Watched door({}, tls.server);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  RawSocket socket(door.port());
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, socket.fd());
  REQUIRE(SSL_connect(ssl) == 1);
  BIO* records = BIO_new(BIO_s_mem());
  SSL_set0_wbio(ssl, records);
  std::string body(40'000, 'x');
  std::string request = "POST /whole HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n" +
                        body;
  // Several records, cut where none ends, and each part alone.
  REQUIRE(SSL_write(ssl, request.data(), static_cast<int>(request.size())) ==
          static_cast<int>(request.size()));
  char* bytes = nullptr;
  long size = BIO_get_mem_data(records, &bytes);
  std::string_view rest(bytes, static_cast<std::size_t>(size));
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, 7'919);
    CHECK(socket.send(part));
    for (int i = 0; i < 10; ++i) door.door().on_loop([] {});  // time to take it
    rest.remove_prefix(part.size());
  }
  std::string answered(1000, '\0');
  int got = SSL_read(ssl, answered.data(), static_cast<int>(answered.size()));
  REQUIRE(got > 0);
  answered.resize(static_cast<std::size_t>(got));
  CHECK(answered.ends_with("whole 40000"));
  SSL_free(ssl);
  SSL_CTX_free(context);
}

TEST_CASE("a body that trickles is given up, however it times its bytes") {
  Limits limits;
  limits.body_idle = 300ms;
  Watched door(limits);
  struct Case {
    const char* target;
    const char* framing;
    const char* piece;
  };
  const Case cases[] = {{"/whole", "Content-Length: 60000", "x"},
                        {"/whole", "Transfer-Encoding: chunked", "1\r\nx\r\n"},
                        {"/ignored", "Content-Length: 60000", "x"}};
  int given_up = 0;
  for (const Case& one : cases) {
    CAPTURE(one.target);
    RawSocket slow(door.port());
    slow.send("POST " + std::string(one.target) + " HTTP/1.1\r\nHost: h\r\n" + one.framing + "\r\n\r\n");
    Deadline start = std::chrono::steady_clock::now();
    // A byte every 20 ms, each long before the time for a pause is over.
    bool ended = false;
    while (!ended && std::chrono::steady_clock::now() - start < 8s) {
      ::usleep(20'000);
      ended = !slow.send(one.piece) || door.cuts("body_slow") > given_up;
    }
    CHECK(ended);
    CHECK(std::chrono::steady_clock::now() - start < 4s);
    ++given_up;
  }
  CHECK(door.cuts("body_slow") == 3);
}

TEST_CASE("a reader that takes a byte now and then is given up") {
  Limits limits;
  limits.body_idle = 200ms;
  Watched door(limits);
  RawSocket slow(door.port());
  slow.send(get("/large"));
  Deadline start = std::chrono::steady_clock::now();
  while (door.cuts("reader_slow") == 0 && std::chrono::steady_clock::now() - start < 8s) {
    char byte = 0;
    ::recv(slow.fd(), &byte, 1, 0);
    ::usleep(10'000);
  }
  CHECK(door.cuts("reader_slow") == 1);
  CHECK(std::chrono::steady_clock::now() - start < 6s);
}

TEST_CASE("slow heads are counted") {
  Watched door(impatient());
  CHECK(talk(door.port(), "GET / HT").starts_with("HTTP/1.1 408"));
  CHECK(door.cuts("head_slow") == 1);
}

TEST_CASE("whoever sends request after request without waiting leaves others a turn") {
  Watched door({});
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> answered = 0;
  std::thread flood([&] {
    RawSocket greedy(door.port());
    std::string many;
    for (int i = 0; i < 2000; ++i) many += get("/many");
    std::thread reader([&] {
      char bytes[65536];
      for (ssize_t size = 0; !stop && (size = ::recv(greedy.fd(), bytes, sizeof bytes, 0)) > 0;)
        answered += static_cast<std::size_t>(size);
    });
    while (!stop && greedy.send(many)) {
    }
    ::shutdown(greedy.fd(), SHUT_RDWR);
    reader.join();
  });
  while (answered < 1'000'000) ::usleep(1000);
  std::vector<std::chrono::nanoseconds> waits;
  for (int i = 0; i < 50; ++i) {
    Deadline start = std::chrono::steady_clock::now();
    CHECK(talk(door.port(), last("/good")).ends_with("/good"));
    waits.push_back(std::chrono::steady_clock::now() - start);
  }
  stop = true;
  flood.join();
  std::ranges::sort(waits);
  CHECK(waits[25] < 100ms);  // two turns of the loop; without sharing, as long as the flood lasts
}
