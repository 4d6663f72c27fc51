// SPDX-License-Identifier: Apache-2.0
#include "http/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <utility>

#include "core/invariant.hpp"

namespace hubward::http {

namespace {

constexpr unsigned char http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A client that offers only other protocols is refused, as RFC 7301 section 3.2 asks.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  int outcome = SSL_select_next_proto(&found, size, http11, sizeof http11, offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// Without this OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* kept = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (kept == nullptr) return 0;
  kept->keep(session);
  return 1;  // ours now
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::unexpected<Error> tls_failure(std::string message) {
  return failure("TLS_SETUP", Fault::Us, Retry::Never, std::move(message) + ": " + tls_trouble());
}

}  // namespace

std::string tls_trouble() {
  unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason
                     : code != 0       ? "error " + std::to_string(code)
                                       : "no reason given";
  ERR_clear_error();
  return text;
}

void SslFree::operator()(ssl_st* ssl) const noexcept {
  // Freed without this, OpenSSL marks the session as one that must not be resumed.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}
void TlsContext::ContextFree::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

TlsSession::~TlsSession() {
  SSL_SESSION_free(session_);
}
void TlsSession::keep(ssl_session_st* session) {
  SSL_SESSION_free(std::exchange(session_, session));
}

Result<TlsContext::ContextPtr> TlsContext::make(const void* method) {
  ContextPtr context(SSL_CTX_new(static_cast<const SSL_METHOD*>(method)));
  if (!context) return tls_failure("cannot set up TLS");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_passwd_cb(raw, no_password);
  bool set = SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
             SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
  if (!set) return tls_failure("cannot set up TLS");
  return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::for_server(const ServerTls& options) {
  Result<ContextPtr> context = make(TLS_server_method());
  if (!context) return std::unexpected(context.error());
  SSL_CTX* raw = context->get();
  if (options.only_tls13 && SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) != 1)
    return tls_failure("cannot ask for TLS 1.3");
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // resumption by ticket: no memory per client
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1)
    return tls_failure("cannot use the certificate file " + options.certificate_file);
  if (SSL_CTX_use_PrivateKey_file(raw, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_failure("cannot use the key file " + options.key_file);
  if (SSL_CTX_check_private_key(raw) != 1)
    return tls_failure("the key in " + options.key_file + " does not belong to " + options.certificate_file);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(*context)));
}

Result<std::shared_ptr<TlsContext>> TlsContext::for_client(const ClientTls& options) {
  Result<ContextPtr> context = make(TLS_client_method());
  if (!context) return std::unexpected(context.error());
  SSL_CTX* raw = context->get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(raw, keep_session);
  SSL_CTX_set_alpn_protos(raw, http11, sizeof http11);
  if (options.system_authorities && SSL_CTX_set_default_verify_paths(raw) != 1)
    return tls_failure("cannot load the machine's authorities");
  for (const std::string& file : options.authority_files)
    if (SSL_CTX_load_verify_file(raw, file.c_str()) != 1)
      return tls_failure("cannot use the authority file " + file);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(*context)));
}

SslPtr TlsContext::connection_on(TlsSocket& socket) const {
  SslPtr ssl(SSL_new(context_.get()));
  invariant(ssl != nullptr, "memory for a TLS connection");
  attach_socket(ssl.get(), socket);
  return ssl;
}

SslPtr TlsContext::accept_on(TlsSocket& socket) const {
  SslPtr ssl = connection_on(socket);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

Result<SslPtr> TlsContext::connect_on(TlsSocket& socket, const std::string& host,
                                      std::shared_ptr<TlsSession> session) const {
  SslPtr ssl = connection_on(socket);
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool set = is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1
                              : X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size()) == 1 &&
                                    SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  if (!set) return tls_failure("cannot verify certificates for " + host);
  SSL_set_app_data(ssl.get(), session.get());
  if (session->get() != nullptr) SSL_set_session(ssl.get(), session->get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace hubward::http
