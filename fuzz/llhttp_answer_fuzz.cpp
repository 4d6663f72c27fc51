// SPDX-License-Identifier: Apache-2.0
// Answers that we accept are read by llhttp, which is Node's parser, as the same answers: status, framing,
// body and where the next one begins; or llhttp refuses them. What we and another reader took for two things
// would poison a kept connection.
//
// aims at: src/http/head_parser.cpp but read_request_line read_request_head check_method check_target is_host
// aims at: src/http/chunked_decoder.cpp
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/invariant.hpp"
#include "llhttp_reading.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

// The whole answers at the front of `bytes`, as our client reads those to a GET; one that ends with the
// connection is not.
std::vector<Message> our_reading(std::string_view bytes) {
  std::vector<Message> messages;
  for (std::size_t begin = 0; messages.empty() || messages.back().keep_alive;) {
    std::optional<std::size_t> size = head_at(bytes.substr(begin));
    if (!size) break;
    auto head = read_response_head(bytes.substr(begin, *size), reading_limits);
    if (!head) break;
    Message message{.status = head->status,
                    .chunked = head->framing.chunked,
                    .length = head->framing.content_length,
                    .end = begin + *size,
                    .keep_alive = head->keep_alive};
    bool ends_with_connection = !message.chunked && !message.length && !has_no_body(message.status);
    if (ends_with_connection) break;
    if (!has_no_body(message.status) && !read_body(bytes, head->framing, message)) break;
    begin = message.end;
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<Message> ours = our_reading(bytes);
  for (bool lenient : {false, true}) {
    Llhttp theirs(HTTP_RESPONSE, lenient);
    for (const Message& message : ours) {
      std::optional<Message> other = theirs.next(bytes);
      if (!other) break;  // an answer that the caller's parser refuses is read in no second way
      invariant(other->status == message.status, "llhttp reads the same status");
      // llhttp reads the body that a 204 or 304 announces, which RFC 9112 section 6.3 says is not there.
      if (has_no_body(message.status) && (message.chunked || message.length)) break;
      invariant(other->chunked == message.chunked && other->length == message.length,
                "llhttp reads the same framing");
      invariant(other->body == message.body, "llhttp reads the same body");
      invariant(other->end == message.end, "llhttp sees the next answer in the same place");
    }
  }
  return 0;
}
