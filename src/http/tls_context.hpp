// SPDX-License-Identifier: Apache-2.0
// What OpenSSL is told once per listener or client: versions, ciphers, certificates, trust. TLS 1.2 and 1.3,
// ciphers with forward secrecy and authenticated encryption only, no SHA-1, no renegotiation, no compression,
// no early data; plaintext is wiped from OpenSSL's buffers once it has been read. Sessions are resumed by
// tickets whose keys rotate (http/ticket_keys.hpp); a connection on which a client showed a certificate gets
// no ticket, so a certificate always means that its key was there when the connection began. A shared value,
// immutable but for the ticket keys; one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "http/message.hpp"
#include "http/socket_bio.hpp"
#include "http/ticket_keys.hpp"

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
  bool asks_for_certificate = false;
  std::string client_authority_file = {};
  std::uint32_t strict_transport_seconds = 0;
};

struct ClientTls {
  bool system_authorities = true;
  std::vector<std::string> authority_files;
  std::string certificate_file = {};  // shown to servers that ask for one; empty: none is
  std::string key_file = {};
};

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> for_server(const ServerTls& options);
  static Result<std::shared_ptr<TlsContext>> for_client(const ClientTls& options);
  ~TlsContext();

  // Its own certificate, of a client where it has one; and of a server the value of Strict-Transport-Security
  // (empty: not sent).
  const CertificateFacts& certificate() const { return certificate_; }
  const std::string& strict_transport() const { return strict_transport_; }
  // What the client at the other end of a finished handshake showed, judged by this context's authorities;
  // null when that is nothing.
  std::shared_ptr<const PeerCertificate> peer_certificate(const ssl_st& ssl) const;

  // Wipes the ticket keys whose time is over; or all of them, when this context takes no new connections.
  void age_ticket_keys(SteadyPoint now) const;
  void forget_ticket_keys() const;

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
  explicit TlsContext(ContextPtr context);
  static Result<ContextPtr> make(const void* method);
  SslPtr connection_on(TlsSocket& socket) const;

  Result<void> serve_with(const ServerTls& options);
  Result<void> ask_for_certificates(const std::string& authority_file);

  crypto::SystemRandom random_;
  std::unique_ptr<TicketKeys> ticket_keys_;  // of a server; outlives the context, which points at it
  ContextPtr context_;
  CertificateFacts certificate_;
  std::string strict_transport_;
  bool asks_ = false;
  bool has_authorities_ = false;
};

// OpenSSL's newest complaint in words, and none left behind.
std::string tls_trouble();

}  // namespace hubward::http
