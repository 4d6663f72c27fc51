// SPDX-License-Identifier: Apache-2.0
// The guard of a handshake says the same however the bytes are cut, and lets nothing through whose framing
// announces more than it may: another reader, whole records at a time, finds the same.
//
// aims at: src/http/handshake_guard.cpp
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "http/handshake_guard.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

// The first byte says where we answer and with what; the rest is what the client sends.
constexpr std::string_view retry(
    "\x16\x03\x03\x00\x26\x02\x00\x00\x22\x03\x03\xcf\x21\xad\x74\xe5\x9a\x61\x11", 19);
constexpr std::string_view other(
    "\x16\x03\x03\x00\x26\x02\x00\x00\x22\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00", 19);

struct Reading {
  bool accepted = true;
  bool done = false;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view first, std::string_view second, std::string_view answer, std::size_t piece) {
  HandshakeGuard guard;
  Reading reading;
  auto feed = [&](std::string_view bytes) {
    for (; reading.accepted && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
      reading.accepted = guard.accepts(bytes.substr(0, piece));
  };
  feed(first);
  guard.sent(answer);
  feed(second);
  reading.done = guard.done();
  return reading;
}

// Whether a client that is never answered announces a message too long: all its handshake records, joined.
bool announces_too_much(std::string_view bytes) {
  std::string messages;
  if (bytes.size() >= 5 && bytes[1] != 3 && (bytes[0] & 0x80) == 0) return false;  // no TLS at all
  auto at = [](std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  while (bytes.size() >= 5) {
    if (at(bytes, 0) < 20 || at(bytes, 0) > 23) return true;  // no TLS
    std::size_t length = static_cast<std::size_t>(at(bytes, 3) << 8 | at(bytes, 4));
    if (at(bytes, 0) == 22) messages += bytes.substr(5, length);
    bytes.remove_prefix(std::min(bytes.size(), 5 + length));
  }
  std::string_view left = messages;
  while (left.size() >= 4) {
    std::size_t length = static_cast<std::size_t>(at(left, 1) << 16 | at(left, 2) << 8 | at(left, 3));
    if (length > HandshakeGuard::longest_message) return true;
    left.remove_prefix(std::min(left.size(), 4 + length));
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t cut = (data[0] >> 1) % (bytes.size() + 1);
  std::string_view answer = (data[0] & 1) != 0 ? retry : other;
  Reading whole = read(bytes.substr(0, cut), bytes.substr(cut), answer, bytes.size());
  invariant(read(bytes.substr(0, cut), bytes.substr(cut), answer, 1) == whole,
            "cut anywhere, it is read as the whole");
  Reading unanswered = read(bytes, {}, answer, bytes.size());
  invariant(unanswered.accepted == !announces_too_much(bytes), "nothing is announced past the guard");
  return 0;
}
