// SPDX-License-Identifier: Apache-2.0
// Reads the head of an HTTP/1.1 message (RFC 9112) and refuses whatever two readers could read in two ways.
// Pure functions over bytes; what they answer depends on the bytes alone, never on how they arrived.
//
// Refused in both directions: a line end other than CR LF, control bytes, an empty line before the first,
// obs-fold, a space before the colon, names that are no tokens, several or listed or signed Content-Length,
// Content-Length beside Transfer-Encoding, any Transfer-Encoding but a lone "chunked", a tab in either.
// In requests also: versions other than 1.1, methods that are no upper-case token, CONNECT and TRACE, targets
// in any form but origin form or with bytes outside it ("%" without two digits, '#', '\', '"', '<', '>'),
// a missing, doubled or malformed Host, doubled Authorization or Content-Type, non-ASCII values, expectations
// other than 100-continue, and a Connection field that names a field which is not hop-by-hop by nature but
// decides what the request means.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace hubward::http {

struct HeadLimits {
  std::size_t bytes = 32 * 1024;  // start line and fields together, with the empty line
  std::size_t fields = 100;
  std::size_t target_bytes = 8 * 1024;
};

// Why a head is not read. `status` is what a server answers; `code` and `message` are for its error body.
struct Refusal {
  int status;
  std::string_view code;
  std::string_view message;
};

// How the body that follows is delimited.
struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

struct RequestHead {
  std::string_view method;  // both point into the head
  std::string_view target;
  Fields fields;  // without framing, hop-by-hop and Connection-named fields
  Framing framing;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct ResponseHead {
  int status = 0;
  Fields fields;  // likewise
  Framing framing;
  bool keep_alive = true;
};

// Looks for the end of a head in bytes that arrive piece by piece, without looking at any byte twice.
class HeadScan {
 public:
  // `bytes` is everything received so far, the same as before and more. The size of the head, nothing while
  // it has not ended, or a refusal.
  std::expected<std::optional<std::size_t>, Refusal> scan(std::string_view bytes, const HeadLimits& limits);

 private:
  std::size_t scan_lines(std::string_view within);

  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
};

// `head` ends with its empty line, as scan() found it.
std::expected<RequestHead, Refusal> read_request_head(std::string_view head, const HeadLimits& limits);
std::expected<ResponseHead, Refusal> read_response_head(std::string_view head, const HeadLimits& limits);

}  // namespace hubward::http
