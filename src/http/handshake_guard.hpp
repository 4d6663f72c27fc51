// SPDX-License-Identifier: Apache-2.0
// Looks at what a TLS client sends before it is encrypted, and refuses a handshake message that announces
// more than it may have. OpenSSL makes room for a message as soon as it is announced (up to 128 KiB for a
// ClientHello), so that a few bytes of a stranger would cost that much. Reads framing only (RFC 8446 sections
// 4 and 5.1); what the messages say is OpenSSL's business. Pure; a value of one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubward::http {

class HandshakeGuard {
 public:
  // A ClientHello has less than 2 KiB, a chain of client certificates less than 8.
  static constexpr std::size_t longest_message = 16 * 1024;

  // Bytes that came, in their order. False as soon as a message announced is too long, or a record is of no
  // kind that belongs here; then nothing of them may go on. What is no TLS from its first byte is left to
  // OpenSSL, which makes no room for it and knows plain HTTP when it hears it.
  bool accepts(std::string_view bytes);
  // Bytes that we send: after a HelloRetryRequest another ClientHello comes in the clear.
  void sent(std::string_view bytes);
  // Nothing more needs to be looked at.
  bool done() const { return done_; }

 private:
  bool take(std::uint8_t byte);
  bool begin_record();
  bool take_of_message(std::uint8_t byte);

  std::uint64_t record_header_ = 0;   // as far as it has come; 5 bytes, type first
  std::uint32_t message_header_ = 0;  // 4 bytes, type first
  std::uint32_t record_left_ = 0;
  std::uint32_t message_left_ = 0;
  std::uint8_t record_header_size_ = 0;
  std::uint8_t message_header_size_ = 0;
  std::uint32_t hellos_ = 0;
  bool begun_ = false;
  bool in_message_record_ = false;
  bool answered_ = false;  // we have sent something
  bool retries_ = false;   // it was a HelloRetryRequest
  bool done_ = false;
};

}  // namespace hubward::http
