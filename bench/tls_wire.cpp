// SPDX-License-Identifier: Apache-2.0
#include "bench/tls_wire.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hubward::bench {
namespace {

// What all of the measured programs speak; without it they would choose different ones.
constexpr const char* cipher = "TLS_AES_256_GCM_SHA384";
constexpr const char* group = "X25519";
constexpr std::size_t read_ahead_bytes = 64UL * 1024;

std::string openssl_words() {
  char words[256];
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, words, sizeof words);
  return words;
}

}  // namespace

Result<TlsContext> TlsContext::trusting(const std::string& ca_file, std::string server_name) {
  TlsContext made;
  made.server_name_ = std::move(server_name);
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  if (!context || SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1)
    return failure("TLS", Fault::Us, Retry::Never,
                   fmt::format("cannot read the authority {}: {}", ca_file, openssl_words()));
  bool set = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
             SSL_CTX_set_ciphersuites(context, cipher) == 1 && SSL_CTX_set1_groups_list(context, group) == 1;
  if (!set)
    return failure("TLS", Fault::Us, Retry::Never,
                   "OpenSSL does not know the cipher or group: " + openssl_words());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, read_ahead_bytes);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, TlsWire::keep_session);
  return made;
}

int TlsWire::keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsWire*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;  // it is ours now
}

TlsWire::State TlsWire::open(const TlsContext& context, const std::string& address, std::uint16_t port,
                             bool resume) {
  close();
  trouble_.clear();
  resumed_ = false;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd_ < 0 || setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)) {
    trouble_ = fmt::format("cannot connect: {}", std::strerror(errno));
    return State::Broken;
  }
  ssl_.reset(SSL_new(context.get()));
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_tlsext_host_name(ssl_.get(), context.server_name().c_str());
  SSL_set1_host(ssl_.get(), context.server_name().c_str());
  SSL_set_connect_state(ssl_.get());
  if (resume && session_) SSL_set_session(ssl_.get(), session_.get());
  return State::Again;
}

TlsWire::State TlsWire::judge(int outcome, const char* doing) {
  int said = errno;
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return State::Again;
    case SSL_ERROR_ZERO_RETURN: return State::Closed;
    case SSL_ERROR_SYSCALL:
      trouble_ = fmt::format("{}: {}", doing, said == 0 ? "the connection ended" : std::strerror(said));
      break;
    default: trouble_ = fmt::format("{}: {}", doing, openssl_words());
  }
  ERR_clear_error();
  return State::Broken;
}

TlsWire::State TlsWire::shake_hands() {
  errno = 0;
  int outcome = SSL_do_handshake(ssl_.get());
  if (outcome != 1) return judge(outcome, "TLS handshake");
  resumed_ = SSL_session_reused(ssl_.get()) == 1;
  return State::Done;
}

TlsWire::Moved TlsWire::read(std::span<char> into) {
  errno = 0;
  std::size_t size = 0;
  int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
  if (outcome == 1) return {State::Done, size};
  return {judge(outcome, "reading"), 0};
}

TlsWire::State TlsWire::write(std::string_view bytes) {
  errno = 0;
  std::size_t size = 0;
  int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
  return outcome == 1 ? State::Done : judge(outcome, "writing");
}

void TlsWire::close() {
  // A session whose connection was cut without close_notify is still good for resuming.
  if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ssl_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace hubward::bench
