// SPDX-License-Identifier: Apache-2.0
// Turns the paging links of an answer towards the gateway: HubSpot writes a full URL of its own host into
// `paging.next.link` (hubspot.md section 10.3), and a caller that follows it would carry its key to HubSpot.
// Works on the bytes as they pass, in pieces of any size, and holds back at most `max_held` of them: nothing
// else in the answer changes, not a space, not a digit, not the order.
//
// Looked at is the text member `link` of an object `next` or `prev` of an object `paging`, at any depth
// (lists of associations inside records have their own), with names spelled with escapes or not. Changed is
// only a URL whose host is HubSpot's or whose authority is the configured upstream's: scheme and authority
// become the base, what follows stays byte for byte. What is not JSON passes as it is. A value for one
// answer; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubward::hubspot {

class LinkRewriter {
 public:
  static constexpr std::size_t max_held = 512;   // an authority that is longer is not one of ours
  static constexpr std::size_t max_depth = 128;  // deeper JSON passes unread

  // `base`: scheme, authority and optional path prefix without a slash at the end
  // ("https://localhost:8443/c/acme"). `upstream_authority`: host or host:port of an upstream that is not
  // HubSpot, or empty.
  LinkRewriter(std::string_view base, std::string upstream_authority);

  // Appends what may be passed on to `out`.
  void feed(std::string_view bytes, std::string& out);
  // After the last byte: appends what was still held.
  void finish(std::string& out);

  bool rewrote() const { return rewrote_; }

 private:
  enum class State : std::uint8_t { Between, Text, Name, Link, Unread };
  enum class Progress : std::uint8_t { None, InPaging, InNext };  // how much of the path leads to an object
  struct Container {
    bool is_object = false;
    Progress progress = Progress::None;
  };

  void between(char c);
  void open(bool is_object);
  void begin_text();
  bool name_is(std::string_view name) const { return !name_spoiled_ && name_ == name; }
  void in_name(char c);
  void end_name();
  // One byte of a text; answers the character it completes, 0 for none yet, `other` for one that is not
  // ASCII.
  static constexpr int nothing = -1, other = -2, end_of_text = -3;
  int decode(char c);
  void in_link(char c, std::string& out);
  bool link_goes_on(int character);
  bool is_ours(std::string_view authority) const;
  void release(std::string& out);

  const std::string base_;  // escaped as the inside of a JSON text
  const std::string upstream_;

  State state_ = State::Between;
  std::vector<Container> containers_;
  bool name_expected_ = false;
  Progress next_progress_ = Progress::None;  // of the object that the last name introduces
  bool link_expected_ = false;               // the last name was `link` in the right place

  std::string name_;  // decoded, as long as it may still be one of ours
  bool name_spoiled_ = false;
  std::uint8_t escape_ = 0;  // 0 none, 1 after the backslash, 2 to 5 in the digits of \u
  unsigned code_ = 0;

  std::string held_, url_;           // the raw bytes of a link not yet passed on, and what they mean
  std::size_t character_start_ = 0;  // in `held_`, of the character being read
  bool rewrote_ = false;
};

}  // namespace hubward::hubspot
