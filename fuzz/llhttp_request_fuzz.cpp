// SPDX-License-Identifier: Apache-2.0
// Requests that we accept are read by llhttp, which is Node's parser, as the same requests: method, target,
// framing, body and where the next one begins; by llhttp as it is and at its most lenient. That is the rule
// for smuggling: the same reading, or we refuse. The exceptions are in excused(), each with its reason.
//
// aims at: src/http/head_parser.cpp but read_status_line read_response_head
// aims at: src/http/chunked_decoder.cpp
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/invariant.hpp"
#include "llhttp_reading.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

// The whole requests at the front of `bytes`, as our server reads them.
std::vector<Message> our_reading(std::string_view bytes) {
  std::vector<Message> messages;
  for (std::size_t begin = 0; messages.empty() || messages.back().keep_alive;) {
    std::optional<std::size_t> size = head_at(bytes.substr(begin));
    if (!size) break;
    auto head = read_request_head(bytes.substr(begin, *size), reading_limits);
    if (!head) break;
    Message message{.method = std::string(head->method),
                    .target = std::string(head->target),
                    .chunked = head->framing.chunked,
                    .length = head->framing.content_length,
                    .end = begin + *size,
                    .keep_alive = head->keep_alive};
    if (!read_body(bytes, head->framing, message)) break;
    begin = message.end;
    messages.push_back(std::move(message));
  }
  return messages;
}

// Where llhttp may refuse what we take: it then reads nothing in another way.
bool excused(std::string_view trouble) {
  return trouble == "HPE_INVALID_METHOD";  // it knows a list of methods, we any token in upper case
}

void compare(std::string_view bytes, const std::vector<Message>& ours, bool lenient) {
  Llhttp theirs(HTTP_REQUEST, lenient);
  for (const Message& message : ours) {
    std::optional<Message> other = theirs.next(bytes);
    if (!other && excused(theirs.trouble())) return;
    invariant(other.has_value(), "what we accept, llhttp accepts");
    invariant(other->method == message.method && other->target == message.target,
              "llhttp reads the same method and target");
    invariant(other->chunked == message.chunked && other->length == message.length,
              "llhttp reads the same framing");
    invariant(other->body == message.body, "llhttp reads the same body");
    invariant(other->end == message.end, "llhttp sees the next message in the same place");
    invariant(other->keep_alive || !message.keep_alive, "what llhttp closes, we close");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<Message> ours = our_reading(bytes);
  compare(bytes, ours, false);
  compare(bytes, ours, true);
  return 0;
}
