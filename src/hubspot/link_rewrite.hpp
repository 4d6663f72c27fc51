// SPDX-License-Identifier: Apache-2.0
// Turns `paging.next.link` of an answer towards the gateway: HubSpot writes a full URL of its own host there
// (hubspot.md section 10.3), and a caller that follows it would carry its key to HubSpot. Works on the bytes
// as they pass, holding back at most `max_held`: nothing else in the answer changes, not a space, not a
// digit.
//
// Only the member `link` of the object `next` of the object `paging` of the top-level object is looked at
// (spelled with escapes or not), and only a URL whose host is HubSpot's or the configured upstream's is
// changed: its scheme and authority become the base. What is not JSON passes as it is. A value for one
// answer; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hubward::hubspot {

class LinkRewriter {
 public:
  static constexpr std::size_t max_held = 512;

  // `base`: scheme, authority and optional path prefix without a slash at the end
  // ("https://localhost:8443/c/acme"). `upstream_authority`: host or host:port of an upstream that is not
  // HubSpot, or empty.
  LinkRewriter(std::string base, std::string upstream_authority);

  // Appends what may be passed on to `out`.
  void feed(std::string_view bytes, std::string& out);
  // After the last byte: appends what was still held.
  void finish(std::string& out);

  bool rewrote() const { return rewrote_; }

 private:
  enum class At : std::uint8_t { Value, String, Key, AfterValue, Literal, Link, Passing };
  void step(char c, std::string& out);
  void in_string(char c);
  void in_link(char c, std::string& out);
  void release(std::string& out);
  void begin_value(char c, std::string& out);
  void close();

  const std::string base_, upstream_;
  bool rewrote_ = false;
};

}  // namespace hubward::hubspot
