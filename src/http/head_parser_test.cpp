// SPDX-License-Identifier: Apache-2.0
#include "http/head_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::http;

namespace {

constexpr HeadLimits limits{.bytes = 2048, .fields = 20, .target_bytes = 512};

template <class Head>
struct Reading {
  int refused = 0;  // status, or 0
  std::size_t size = 0;
  std::optional<Head> head;
};

// Scans `bytes` as they would come in pieces that end at `cuts`, then reads the head.
template <class Head, class Read>
Reading<Head> read_in_pieces(std::string_view bytes, const std::vector<std::size_t>& cuts, Read read) {
  HeadScan scan;
  for (std::size_t cut : cuts) {
    auto found = scan.scan(bytes.substr(0, cut), limits);
    if (!found) return {found.error().status, 0, {}};
    if (!*found) continue;
    auto head = read(bytes.substr(0, **found), limits);
    if (!head) return {head.error().status, 0, {}};
    return {0, **found, std::move(*head)};
  }
  return {-1, 0, {}};  // not ended
}

Reading<RequestHead> read_request(std::string_view bytes) {
  return read_in_pieces<RequestHead>(bytes, {bytes.size()}, read_request_head);
}
Reading<ResponseHead> read_response(std::string_view bytes) {
  return read_in_pieces<ResponseHead>(bytes, {bytes.size()}, read_response_head);
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i <= size; ++i) cuts.push_back(i);
  return cuts;
}

std::string with_field(std::string_view field) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(field) + "\r\n\r\n";
}
std::string with_target(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}
std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost:" + std::string(host) + "\r\n\r\n";
}

struct Case {
  std::string bytes;
  int status;
};

const std::vector<Case>& hostile_requests() {
  using namespace std::string_literals;
  static const std::vector<Case> cases = {
      // line ends and control bytes
      {"GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400},
      {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\0\r\n\r\n"s, 400},
      {"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x0b\r\n\r\n", 400},
      {"\x16\x03\x01\x02", 400},
      // request line
      {"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\r\nHost: h\r\n\r\n", 400},
      {"GET\r\nHost: h\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/01.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1,1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1\r\nHost: h\r\n\r\n", 400},
      {"GET / XTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\n", 505},
      {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"G\x80T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"get / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"Get / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"AAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      // targets
      {with_target("http://h/"), 400},
      {with_target("https://api.hubapi.com/crm"), 400},
      {with_target("h:443"), 400},
      {with_target("*"), 400},
      {with_target("crm/v3"), 400},
      {with_target("?a=b"), 400},
      {with_target("/a#b"), 400},
      {with_target("/a b"), 400},
      {with_target("/a\tb"), 400},
      {with_target("/a\\b"), 400},
      {with_target("/a\"b"), 400},
      {with_target("/a<b"), 400},
      {with_target("/a>b"), 400},
      {with_target("/\xc3\xa4"), 400},
      {with_target("/\xff"), 400},
      {with_target("/%"), 400},
      {with_target("/%2"), 400},
      {with_target("/%zz"), 400},
      {with_target("/a?b=%u0041"), 400},
      {with_target("/" + std::string(512, 'a')), 414},
      {with_target("/" + std::string(4000, 'a')), 414},
      // Host
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {with_host(""), 400},
      {with_host(" "), 400},
      {with_host(" h\r\nHost: h"), 400},
      {with_host(" h\r\nhOST: i"), 400},
      {with_host(" a, b"), 400},
      {with_host(" a b"), 400},
      {with_host(" u@h"), 400},
      {with_host(" h/"), 400},
      {with_host(" h:"), 400},
      {with_host(" h:8o"), 400},
      {with_host(" h:-1"), 400},
      {with_host(" h:123456"), 400},
      {with_host(" [::1"), 400},
      {with_host(" [::1]x"), 400},
      {with_host(" [::g]"), 400},
      {with_host(" []"), 400},
      // field lines
      {with_field("X : y"), 400},
      {with_field("X\t: y"), 400},
      {with_field(": y"), 400},
      {with_field("X"), 400},
      {with_field("X y: z"), 400},
      {with_field("X(: z"), 400},
      {with_field("X\x80: z"), 400},
      {with_field("X: y\r\n folded"), 400},
      {with_field("X: y\r\n\tfolded"), 400},
      {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {with_field("X: \xc3\xa4"), 400},
      {with_field("X: \xff"), 400},
      {with_field("Authorization: Bearer a\r\nAuthorization: Bearer b"), 400},
      {with_field("Content-Type: a/b\r\ncontent-type: a/b"), 400},
      // framing
      // Node's parser reads neither of these as we would: the second, at its most lenient, as a body without
      // end.
      {with_field("Content-Length: 3\t"), 400},
      {with_field("Transfer-Encoding: chunked\t"), 400},
      {with_field("Content-Length: 5\r\nContent-Length: 5"), 400},
      {with_field("Content-Length: 5\r\nContent-Length: 6"), 400},
      {with_field("Content-Length: 5, 5"), 400},
      {with_field("Content-Length: +5"), 400},
      {with_field("Content-Length: -5"), 400},
      {with_field("Content-Length: 0x5"), 400},
      {with_field("Content-Length: 5 5"), 400},
      {with_field("Content-Length: 5."), 400},
      {with_field("Content-Length: 1e1"), 400},
      {with_field("Content-Length:"), 400},
      {with_field("Content-Length: 18446744073709551616"), 400},
      {with_field("Content-Length: 99999999999999999999999"), 400},
      {with_field("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
      {with_field("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400},
      {with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400},
      {with_field("Transfer-Encoding: gzip, chunked"), 501},
      {with_field("Transfer-Encoding: chunked, chunked"), 501},
      {with_field("Transfer-Encoding: chunked;q=1"), 501},
      {with_field("Transfer-Encoding: identity"), 501},
      {with_field("Transfer-Encoding: xchunked"), 501},
      {with_field("Transfer-Encoding: \"chunked\""), 501},
      {with_field("Transfer-Encoding:"), 501},
      {with_field("Transfer-Encoding: chunked,"), 501},
      {with_field("Transfer-Encoding : chunked"), 400},
      {with_field("Transfer_Encoding: chunked\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"), 400},
      // expectations and Connection
      {with_field("Expect: 100-continued"), 417},
      {with_field("Expect: something"), 417},
      {with_field("Expect:"), 417},
      {with_field("Expect: 100-continue\r\nExpect: 100-continue"), 417},
      {with_field("Connection: Host"), 400},
      {with_field("Connection: close, authorization"), 400},
      {with_field("Connection: Content-Length"), 400},
      {with_field("Connection: Transfer-Encoding"), 400},
      {with_field("Connection: content-type"), 400},
      {with_field("Connection: a b"), 400},
      // sizes
      {with_field("X: " + std::string(3000, 'a')), 431},
      {with_field(
           "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n"
           "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b"),
       431},
  };
  return cases;
}

}  // namespace

TEST_CASE("a plain request is read") {
  std::string bytes =
      "POST /crm/v3/objects/contacts?a=%2F&b=[1]|{2} HTTP/1.1\r\n"
      "hOst: api.hubapi.com:443\r\n"
      "Authorization:Bearer abc\r\n"
      "X-Empty:\r\n"
      "X-Tabs: \t a\tb \t\r\n"
      "Content-Length: 0012\r\n"
      "Expect: 100-Continue\r\n"
      "\r\nhello";
  Reading<RequestHead> reading = read_request(bytes);
  CHECK(reading.refused == 0);
  CHECK(reading.size == bytes.size() - 5);
  REQUIRE(reading.head);
  CHECK(reading.head->method == "POST");
  CHECK(reading.head->target == "/crm/v3/objects/contacts?a=%2F&b=[1]|{2}");
  CHECK(reading.head->framing.content_length == 12);
  CHECK_FALSE(reading.head->framing.chunked);
  CHECK(reading.head->keep_alive);
  CHECK(reading.head->expects_continue);
  const Fields& fields = reading.head->fields;
  CHECK(fields.size() == 4);
  CHECK(fields[0].name == "hOst");
  CHECK(fields.find("authorization") == "Bearer abc");
  CHECK(fields.find("x-empty") == "");
  CHECK(fields.find("x-tabs") == "a\tb");
}

TEST_CASE("fields of the connection are not the message's") {
  Reading<RequestHead> reading =
      read_request(with_field("Connection: Keep-Alive, X-Mine\r\nx-mine: 1\r\nX-MINE: 2\r\nKeep-Alive: "
                              "5\r\nProxy-Connection: a\r\nTE: trailers\r\n"
                              "Trailer: x\r\nUpgrade: h2c\r\nTransfer-Encoding: Chunked\r\nX-Kept: yes"));
  REQUIRE(reading.head);
  CHECK(reading.head->fields.size() == 2);
  CHECK(reading.head->fields.find("x-kept") == "yes");
  CHECK(reading.head->framing.chunked);
  CHECK(reading.head->keep_alive);
  CHECK_FALSE(read_request(with_field("Connection: x, Close")).head->keep_alive);
}

TEST_CASE("hosts of every form are read") {
  for (std::string_view host :
       {"h", "localhost:1", "127.0.0.1:65535", "[::1]", "[::ffff:1.2.3.4]:80", "a_b.c-d."})
    CHECK_MESSAGE(read_request(with_host(" " + std::string(host))).head, host);
}

TEST_CASE("whatever two readers could read in two ways is refused") {
  for (const Case& hostile : hostile_requests()) {
    CAPTURE(hostile.bytes);
    CHECK(read_request(hostile.bytes).refused == hostile.status);
  }
  CHECK(hostile_requests().size() >= 80);
}

TEST_CASE("names in Connection count as fields, since each is looked for among them") {
  std::string names;
  for (std::size_t i = 0; i < limits.fields; ++i) names += ",a";
  CHECK(read_request(with_field("Connection: x" + names)).refused == 431);
  CHECK(read_request(with_field("Connection: x,a,a")).refused == 0);
}

TEST_CASE("how a request arrives changes nothing in how it is read") {
  std::vector<std::string> requests;
  for (const Case& hostile : hostile_requests()) requests.push_back(hostile.bytes);
  requests.push_back(with_target("/fine"));
  requests.push_back(with_field("Content-Length: 5") + "hello");
  for (const std::string& bytes : requests) {
    CAPTURE(bytes);
    Reading<RequestHead> whole = read_request(bytes);
    auto same = [&](const Reading<RequestHead>& other) {
      if (whole.refused != other.refused || whole.size != other.size) return false;
      return !whole.head || (whole.head->target == other.head->target &&
                             whole.head->fields.size() == other.head->fields.size());
    };
    CHECK(same(read_in_pieces<RequestHead>(bytes, every_byte(bytes.size()), read_request_head)));
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      bool is_same = same(read_in_pieces<RequestHead>(bytes, {cut, bytes.size()}, read_request_head));
      if (!is_same) FAIL_CHECK("another reading when cut at ", cut);
    }
  }
}

TEST_CASE("a head is awaited until it ends or is too long") {
  std::string bytes = with_target("/");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    HeadScan scan;
    auto found = scan.scan(std::string_view(bytes).substr(0, size), limits);
    REQUIRE(found);
    CHECK_FALSE(*found);
  }
  HeadScan scan;
  std::string endless = "GET / HTTP/1.1\r\n";
  while (endless.size() < limits.bytes) endless += "X: y\r\n";
  CHECK(scan.scan(endless, limits).error().status == 431);
}

TEST_CASE("answers are read as strictly") {
  Reading<ResponseHead> plain = read_response(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nSet-Cookie: a\r\nSet-Cookie: "
      "b\r\nX: \xe9\r\n\r\n");
  REQUIRE(plain.head);
  CHECK(plain.head->status == 200);
  CHECK(plain.head->keep_alive);
  CHECK(plain.head->framing.content_length == 5);
  CHECK(plain.head->fields.size() == 3);
  CHECK(read_response("HTTP/1.1 404 \r\n\r\n").head->status == 404);
  CHECK_FALSE(read_response("HTTP/1.0 200 OK\r\n\r\n").head->keep_alive);
  CHECK_FALSE(read_response("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").head->keep_alive);
  CHECK(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").head->framing.chunked);

  for (std::string_view hostile : {
           "HTTP/1.1 200\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 +20 OK\r\n\r\n",
           "HTTP/1.1 099 OK\r\n\r\n",
           "HTTP/1.1 600 OK\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/2 200 OK\r\n\r\n",
           "http/1.1 200 OK\r\n\r\n",
           "ICY 200 OK\r\n\r\n",
           " HTTP/1.1 200 OK\r\n\r\n",
           "\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\n\n",
           "HTTP/1.1 200 O\x01K\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
       }) {
    CAPTURE(hostile);
    CHECK(read_response(hostile).refused >= 400);
  }
}
