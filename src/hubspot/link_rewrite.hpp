// SPDX-License-Identifier: Apache-2.0
// Turns the paging links of an answer towards the gateway: HubSpot writes a full URL of its own host into
// `paging.next.link` (hubspot.md section 10.3), and a caller that follows it would carry its key to HubSpot.
// Works on the bytes as they pass, in pieces of any size, and holds back at most `max_held` of them: nothing
// else in the answer changes, not a space, not a digit, not the order.
//
// Looked at is the text member `link` of an object `next` or `prev` of an object `paging`, at any depth
// (lists of associations inside records have their own). Changed is only a URL whose host is HubSpot's or
// whose authority is the configured upstream's: scheme and authority become the base, what follows stays byte
// for byte. What is not JSON passes as it is.
//
// Most answers are long and have one such object or none, so what stands around them is only searched for the
// name (paging_search.hpp), and only the object that it introduces is read, names with escapes included. A
// `paging` that is itself spelled with escapes is not found: HubSpot never writes it so.
//
// A value for one answer; one thread. Allocates nothing until there is a link.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hubspot/paging_search.hpp"

namespace hubward::hubspot {

class LinkRewriter {
 public:
  static constexpr std::size_t max_held = 512;   // an authority that is longer is not one of ours
  static constexpr std::size_t max_depth = 128;  // inside `paging`; a deeper one is read no further

  // Where links lead.
  struct Way {
    // Scheme, authority and optional path prefix without a slash at the end
    // ("https://localhost:8443/c/acme").
    std::string base;
    std::string upstream_authority;  // host or host:port of an upstream that is not HubSpot, or empty
  };

  // `way` is asked when there is a link, at most once.
  explicit LinkRewriter(std::move_only_function<Way()> way) : ask_way_(std::move(way)) {}

  // What may be passed on now: a part of `piece` itself where nothing in it changes. Valid until the next
  // call and as long as `piece`. Empty when all of it is held back.
  std::string_view feed(std::string_view piece);
  // After the last byte: what was still held.
  std::string_view finish();

  bool rewrote() const { return rewrote_; }

 private:
  // Searching for the name, behind the name, behind its colon; the others are inside the object.
  enum class State : std::uint8_t { Searching, Named, Introduced, Between, Text, Name, Link };
  enum class Progress : std::uint8_t { None, InPaging, InNext };  // how much of the path leads to an object
  struct Container {
    bool is_object = false;
    Progress progress = Progress::None;
  };

  std::size_t search(std::string_view piece, std::size_t at);
  bool introduces(char c);
  void between(char c);
  void open(bool is_object);
  void close();
  void begin_text();
  bool name_is(std::string_view name) const { return !name_spoiled_ && name_ == name; }
  void in_name(char c);
  void end_name();
  // One byte of a text; answers the character it completes, 0 for none yet, `other` for one that is not
  // ASCII.
  static constexpr int nothing = -1, other = -2, end_of_text = -3;
  int decode(char c);
  void in_link(std::string_view piece, std::size_t at);
  bool link_goes_on(int character);
  bool is_ours(std::string_view authority);
  const Way& way();
  void turn(std::string_view piece);
  std::string_view passed_on(std::string_view piece);

  std::move_only_function<Way()> ask_way_;
  std::optional<Way> way_;  // its base escaped as the inside of a JSON text

  State state_ = State::Searching;
  PagingSearch search_;
  std::vector<Container> containers_;
  bool name_expected_ = false;
  Progress next_progress_ = Progress::None;  // of the object that the last name introduces
  bool link_expected_ = false;               // the last name was `link` in the right place

  std::string name_;  // decoded, as long as it may still be one of ours
  bool name_spoiled_ = false;
  std::uint8_t escape_ = 0;  // 0 none, 1 after the backslash, 2 to 5 in the digits of \u
  unsigned code_ = 0;

  std::string url_;                  // what a link means so far
  std::string held_;                 // its raw bytes from earlier pieces
  std::size_t link_begin_ = 0;       // the place in this piece where the others are
  std::size_t character_start_ = 0;  // in the link, of the character being read
  std::string out_;                  // when a piece cannot be passed on as it is
  std::size_t passed_ = 0;           // bytes of the piece that are in `out_` or gone
  bool rewrote_ = false;
};

}  // namespace hubward::hubspot
