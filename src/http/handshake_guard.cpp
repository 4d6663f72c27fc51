// SPDX-License-Identifier: Apache-2.0
#include "http/handshake_guard.hpp"

#include <utility>

namespace hubward::http {

namespace {

constexpr std::uint64_t change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23;
constexpr std::uint32_t client_hello = 1;
constexpr std::uint64_t tls_major = 3, ssl2_mark = 0x80;
constexpr std::uint8_t record_header_bytes = 5, message_header_bytes = 4;

// What a HelloRetryRequest has in place of a random number (RFC 8446 section 4.1.3), and where in the first
// record sent: behind both headers and the version.
constexpr std::string_view retry_mark = "\xcf\x21\xad\x74\xe5\x9a\x61\x11";
constexpr std::size_t retry_mark_at = record_header_bytes + message_header_bytes + 2;

}  // namespace

bool HandshakeGuard::accepts(std::string_view bytes) {
  for (char byte : bytes) {
    if (done_) return true;
    if (!take(static_cast<std::uint8_t>(byte))) {
      done_ = true;
      return false;
    }
  }
  return true;
}

void HandshakeGuard::sent(std::string_view bytes) {
  if (std::exchange(answered_, true) || bytes.size() < retry_mark_at) return;
  retries_ = bytes.substr(retry_mark_at).starts_with(retry_mark);
}

bool HandshakeGuard::take(std::uint8_t byte) {
  if (record_left_ == 0) {
    record_header_ = record_header_ << 8 | byte;
    return ++record_header_size_ < record_header_bytes || begin_record();
  }
  --record_left_;
  return !in_message_record_ || take_of_message(byte);
}

bool HandshakeGuard::begin_record() {
  std::uint64_t type = record_header_ >> 32;
  std::uint64_t major = record_header_ >> 24 & 0xff;
  if (!std::exchange(begun_, true) && major != tls_major && type < ssl2_mark) done_ = true;  // no TLS at all
  if (done_) return true;
  record_left_ = static_cast<std::uint32_t>(record_header_ & 0xffff);
  record_header_ = 0;
  record_header_size_ = 0;
  in_message_record_ = type == handshake;
  // Behind the first a client of TLS 1.2 encrypts, the second is encrypted in TLS 1.3; but not before we have
  // answered, and not while the second hello is owed that we asked for.
  bool encrypts = type == application_data || (type == change_cipher_spec && !retries_);
  done_ = encrypts && answered_ && (!retries_ || hellos_ > 1);
  return type == handshake || type == alert || type == change_cipher_spec || type == application_data;
}

bool HandshakeGuard::take_of_message(std::uint8_t byte) {
  if (message_left_ > 0) {
    --message_left_;
    return true;
  }
  message_header_ = message_header_ << 8 | byte;
  if (++message_header_size_ < message_header_bytes) return true;
  if (message_header_ >> 24 == client_hello) ++hellos_;
  message_left_ = std::exchange(message_header_, 0) & 0xff'ffff;
  message_header_size_ = 0;
  return message_left_ <= longest_message;
}

}  // namespace hubward::http
