// SPDX-License-Identifier: Apache-2.0
#include "http/handshake_guard.hpp"

#include <doctest/doctest.h>

#include <string>

using hubward::http::HandshakeGuard;

namespace {

std::string record(int type, std::string_view content) {
  std::string text{static_cast<char>(type), 3, 1, static_cast<char>(content.size() >> 8),
                   static_cast<char>(content.size() & 0xff)};
  return text.append(content);
}
std::string message(int type, std::size_t announced, std::string_view body) {
  std::string text{static_cast<char>(type), static_cast<char>(announced >> 16),
                   static_cast<char>(announced >> 8 & 0xff), static_cast<char>(announced & 0xff)};
  return text.append(body);
}
std::string hello(std::size_t size = 300) {
  return record(22, message(1, size, std::string(size, 'x')));
}
const std::string change = record(20, "\x01");
const std::string retry =
    record(22, message(2, 34, "\x03\x03\xcf\x21\xad\x74\xe5\x9a\x61\x11" + std::string(24, 'r')));
const std::string server_hello = record(22, message(2, 34, "\x03\x03" + std::string(32, 's')));
const std::string liar = record(22, message(1, 128 * 1024, "some"));

// In one piece and byte by byte: the same.
bool accepts(HandshakeGuard& guard, std::string_view bytes) {
  HandshakeGuard other = guard;
  bool bit_by_bit = true;
  for (char byte : bytes) bit_by_bit = bit_by_bit && other.accepts({&byte, 1});
  bool at_once = guard.accepts(bytes);
  CHECK(at_once == bit_by_bit);
  CHECK(guard.done() == other.done());
  return at_once;
}

}  // namespace

TEST_CASE("what a client says in the clear is let through, and what it encrypts is not looked at") {
  HandshakeGuard guard;
  CHECK(accepts(guard, hello()));
  guard.sent(server_hello);
  CHECK_FALSE(guard.done());
  SUBCASE("TLS 1.2: a key exchange, and then an encrypted message that looks like anything") {
    CHECK(accepts(guard, record(22, message(16, 33, std::string(33, 'k'))) + change));
    CHECK(guard.done());
    CHECK(accepts(guard, liar));
  }
  SUBCASE("TLS 1.3: encrypted records") {
    CHECK(accepts(guard, record(23, "secret")));
    CHECK(guard.done());
  }
  SUBCASE("a warning") {
    CHECK(accepts(guard, record(21, "\x01\x5a")));
    CHECK_FALSE(guard.done());
    CHECK_FALSE(accepts(guard, liar));
  }
}

TEST_CASE("a message that announces too much is refused with its header") {
  HandshakeGuard guard;
  CHECK(accepts(guard, hello(HandshakeGuard::longest_message - 100)));
  HandshakeGuard other;
  CHECK_FALSE(accepts(other, record(22, message(1, HandshakeGuard::longest_message + 1, ""))));
  HandshakeGuard later;
  CHECK(accepts(later, hello()));
  later.sent(server_hello);
  CHECK_FALSE(accepts(later, record(22, message(11, 90'000, "cert"))));
}

TEST_CASE("a header may lie across records, and several messages in one") {
  std::string announced = message(1, 100'000, "");
  HandshakeGuard guard;
  CHECK(accepts(guard, record(22, announced.substr(0, 1)) + record(22, announced.substr(1, 2))));
  CHECK_FALSE(accepts(guard, record(22, announced.substr(3))));
  HandshakeGuard other;
  CHECK(accepts(other, record(22, message(1, 2, "ab") + message(1, 1, "a"))));
  CHECK_FALSE(accepts(other, record(22, message(1, 2, "ab") + announced)));
}

TEST_CASE("the second hello after a HelloRetryRequest is looked at, whatever stands before it") {
  for (const std::string& between :
       {std::string(), change, record(23, "early"), change + record(23, "early")}) {
    CAPTURE(between.size());
    HandshakeGuard guard;
    CHECK(accepts(guard, hello()));
    guard.sent(retry);
    HandshakeGuard liars = guard;
    CHECK(accepts(guard, between + hello()));
    CHECK(accepts(guard, record(23, "secret")));
    CHECK(guard.done());
    CHECK_FALSE(accepts(liars, between + liar));
    // Before we have answered nobody knows what will be asked.
    HandshakeGuard hasty;
    CHECK_FALSE(accepts(hasty, hello() + between + liar));
  }
}

TEST_CASE("what is no TLS from its first byte is not looked at, what only begins like TLS is refused") {
  for (std::string bytes : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n"}) {
    HandshakeGuard guard;
    CHECK(accepts(guard, bytes));
    CHECK(guard.done());
  }
  for (std::string bytes : {"\x80\x2e\x01\x03\x01", "\x18\x03\x03\x01\x02"}) {
    HandshakeGuard guard;
    CHECK_FALSE(accepts(guard, bytes));
  }
  HandshakeGuard later;
  CHECK(accepts(later, hello()));
  CHECK_FALSE(accepts(later, "GET / HTTP/1.1"));
}
