// SPDX-License-Identifier: Apache-2.0
// What the targets that compare with llhttp have in common: a message as either parser reads it, and llhttp
// as a reader of one message after the other.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunked_decoder.hpp"
#include "http/head_parser.hpp"

namespace hubward {

constexpr http::HeadLimits reading_limits{.bytes = 4096, .fields = 30, .target_bytes = 1024};

struct Message {
  std::string method = {}, target = {}, body = {};
  int status = 0;
  bool chunked = false;
  std::optional<std::uint64_t> length = {};
  std::size_t end = 0;  // offset of what follows
  bool keep_alive = true;
};

// The size of the head at the front, when it is whole and not refused.
inline std::optional<std::size_t> head_at(std::string_view bytes) {
  http::HeadScan scan;
  return scan.scan(bytes, reading_limits).value_or(std::nullopt);
}

// The body behind the head, which ends at message.end; false when it is refused or not whole.
inline bool read_body(std::string_view bytes, const http::Framing& framing, Message& message) {
  if (framing.content_length) {
    if (*framing.content_length > bytes.size() - message.end) return false;
    message.body = bytes.substr(message.end, *framing.content_length);
    message.end += message.body.size();
  }
  http::ChunkedDecoder decoder;
  while (framing.chunked && !decoder.done()) {
    auto step = decoder.decode(bytes.substr(message.end));
    if (!step || step->consumed == 0) return false;
    message.end += step->consumed;
    message.body += step->data;
  }
  return true;
}

class Llhttp {
 public:
  Llhttp(llhttp_type_t type, bool lenient) {
    llhttp_settings_init(&settings_);
    settings_.on_message_begin = [](llhttp_t* parser) { return of(parser).begin(); };
    settings_.on_url = [](llhttp_t* parser, const char* at, size_t size) {
      of(parser).now_.target.append(at, size);
      return 0;
    };
    settings_.on_body = [](llhttp_t* parser, const char* at, size_t size) {
      of(parser).now_.body.append(at, size);
      return 0;
    };
    settings_.on_headers_complete = [](llhttp_t* parser) { return of(parser).take_framing(); };
    settings_.on_message_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    llhttp_init(&parser_, type, &settings_);
    parser_.data = this;
    if (!lenient) return;
    llhttp_set_lenient_headers(&parser_, 1);
    llhttp_set_lenient_chunked_length(&parser_, 1);
    llhttp_set_lenient_keep_alive(&parser_, 1);
    llhttp_set_lenient_transfer_encoding(&parser_, 1);
  }
  Llhttp(const Llhttp&) = delete;
  Llhttp& operator=(const Llhttp&) = delete;

  // The next message of `bytes`; nothing when it is refused or not whole.
  std::optional<Message> next(std::string_view bytes) {
    for (;;) {
      llhttp_errno_t outcome = llhttp_execute(&parser_, bytes.data() + at_, bytes.size() - at_);
      if (outcome != HPE_PAUSED && outcome != HPE_PAUSED_UPGRADE) return std::nullopt;
      at_ = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
      if (outcome == HPE_PAUSED) break;
      llhttp_resume_after_upgrade(&parser_);  // as a server does that upgrades to nothing
    }
    now_.end = at_;
    llhttp_resume(&parser_);
    return now_;
  }
  std::string_view trouble() const { return llhttp_errno_name(static_cast<llhttp_errno_t>(parser_.error)); }

 private:
  static Llhttp& of(llhttp_t* parser) { return *static_cast<Llhttp*>(parser->data); }
  int begin() {
    now_ = {};
    return 0;
  }
  int take_framing() {
    constexpr unsigned is_chunked = F_CHUNKED, has_length = F_CONTENT_LENGTH;
    bool is_request = parser_.type == HTTP_REQUEST;
    if (is_request) now_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
    now_.status = parser_.status_code;
    now_.chunked = (parser_.flags & is_chunked) != 0;
    if ((parser_.flags & has_length) != 0) now_.length = parser_.content_length;
    now_.keep_alive = llhttp_should_keep_alive(&parser_) == 1;
    return 0;
  }

  llhttp_t parser_{};
  llhttp_settings_t settings_{};
  Message now_;
  std::size_t at_ = 0;
};

}  // namespace hubward
