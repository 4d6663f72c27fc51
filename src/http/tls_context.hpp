// SPDX-License-Identifier: Apache-2.0
// What OpenSSL is told once per listener or client: versions, ciphers, certificates, trust. TLS 1.2 and 1.3,
// ciphers with forward secrecy and authenticated encryption only, no renegotiation, no compression, no early
// data; plaintext is wiped from OpenSSL's buffers once it has been read. A shared, immutable value; one loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "http/socket_bio.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace hubward::http {

struct SslFree {
  void operator()(ssl_st* ssl) const noexcept;
};
using SslPtr = std::unique_ptr<ssl_st, SslFree>;

// The newest session of one origin, kept to shorten the next handshake.
class TlsSession {
 public:
  TlsSession() = default;
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  void keep(ssl_session_st* session);  // takes it over
  ssl_session_st* get() const { return session_; }

 private:
  ssl_session_st* session_ = nullptr;
};

struct ServerTls {
  std::string certificate_file;
  std::string key_file;
  bool only_tls13 = false;
};

struct ClientTls {
  bool system_authorities = true;
  std::vector<std::string> authority_files;
};

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> for_server(const ServerTls& options);
  static Result<std::shared_ptr<TlsContext>> for_client(const ClientTls& options);

  // One connection over a connected socket; `socket` must outlive it.
  SslPtr accept_on(TlsSocket& socket) const;
  // `host` is a name or an address; the certificate must be for it. `session` is offered, and receives what
  // the server gives; it must outlive the connection.
  Result<SslPtr> connect_on(TlsSocket& socket, const std::string& host,
                            std::shared_ptr<TlsSession> session) const;

 private:
  struct ContextFree {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using ContextPtr = std::unique_ptr<ssl_ctx_st, ContextFree>;
  explicit TlsContext(ContextPtr context) : context_(std::move(context)) {}
  static Result<ContextPtr> make(const void* method);
  SslPtr connection_on(TlsSocket& socket) const;

  ContextPtr context_;
};

// OpenSSL's newest complaint in words, and none left behind.
std::string tls_trouble();

}  // namespace hubward::http
