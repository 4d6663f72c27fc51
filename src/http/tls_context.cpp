// SPDX-License-Identifier: Apache-2.0
#include "http/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <cstring>
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

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    Free(owned);
  }
};
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

// A client's certificate with all that vouches for it, as TLS carries it.
constexpr long longest_client_chain = 16 * 1024;
constexpr int longest_client_path = 4;
constexpr int client_security_level = 2;  // OpenSSL's: 112 bits, no SHA-1
// Which sessions may be resumed here. OpenSSL wants one where certificates are asked for.
constexpr unsigned char session_context[] = {'h', 'u', 'b', 'w', 'a', 'r', 'd'};
constexpr const char* curves = "X25519:P-256:P-384";
constexpr const char* signatures =
    "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:ECDSA+SHA512:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

std::vector<X509*> chain_of(X509_STORE_CTX& judge) {
  std::vector<X509*> chain;
  STACK_OF(X509)* found = X509_STORE_CTX_get0_chain(&judge);
  for (int i = 0; i < sk_X509_num(found); ++i) chain.push_back(sk_X509_value(found, i));
  return chain;
}

// TLS proves that the client holds the key; who it is, and whether somebody vouches for it, is decided per
// request, where it can be answered with a sentence. No ticket: a session that is resumed proves no key.
int take_any_certificate(X509_STORE_CTX* context, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  SSL_set_num_tickets(ssl, 0);
  return 1;
}

bool set_ticket_key(const TicketKeys::Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, int sealing) {
  auto* encrypting = reinterpret_cast<const unsigned char*>(key.encrypting().data());
  // Only read, but OpenSSL's parameters are not const.
  auto* authenticating = const_cast<std::byte*>(key.authenticating().data());
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, authenticating, TicketKeys::half),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, encrypting, iv, sealing) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// As SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks: 1 used, 2 used but to be replaced, 0 no ticket, -1 broken.
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int sealing) {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  SteadyPoint now = std::chrono::steady_clock::now();
  if (sealing == 1) {
    if (SSL_get0_peer_certificate(ssl) != nullptr) return 0;  // TLS 1.2 has promised one: it is sent empty
    const TicketKeys::Key& key = keys.sealing(now);
    std::memcpy(name, key.name.data(), key.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    return set_ticket_key(key, iv, cipher, mac, 1) ? 1 : -1;
  }
  TicketKeys::Name wanted;
  std::memcpy(wanted.data(), name, wanted.size());
  const TicketKeys::Key* key = keys.opening(wanted, now);
  if (key == nullptr) return 0;
  if (!set_ticket_key(*key, iv, cipher, mac, 0)) return -1;
  // In TLS 1.3 each use is answered with a fresh ticket, so that none need be used twice.
  return keys.is_current(*key) && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
}

std::unexpected<Error> tls_failure(std::string message) {
  return failure("TLS_SETUP", Fault::Us, Retry::Never, std::move(message) + ": " + tls_trouble());
}

// What is shown to the other end.
Result<void> use_certificate(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return tls_failure("cannot use the certificate file " + certificate);
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_failure("cannot use the key file " + key);
  if (SSL_CTX_check_private_key(context) != 1)
    return tls_failure("the key in " + key + " does not belong to " + certificate);
  return {};
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
             SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
             SSL_CTX_set1_groups_list(raw, curves) == 1 && SSL_CTX_set1_sigalgs_list(raw, signatures) == 1;
  if (!set) return tls_failure("cannot set up TLS");
  return context;
}

TlsContext::TlsContext(ContextPtr context) : context_(std::move(context)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::for_server(const ServerTls& options) {
  Result<ContextPtr> context = make(TLS_server_method());
  if (!context) return std::unexpected(context.error());
  std::shared_ptr<TlsContext> made(new TlsContext(std::move(*context)));
  Result<void> set = made->serve_with(options);
  if (!set) return std::unexpected(set.error());
  return made;
}

Result<void> TlsContext::serve_with(const ServerTls& options) {
  SSL_CTX* raw = context_.get();
  if (options.only_tls13 && SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) != 1)
    return tls_failure("cannot ask for TLS 1.3");
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // resumption by ticket: no memory per client
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_timeout(raw, TicketKeys::life.count());
  SSL_CTX_set_session_id_context(raw, session_context, sizeof session_context);
  ticket_keys_ = std::make_unique<TicketKeys>(random_);
  SSL_CTX_set_app_data(raw, ticket_keys_.get());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(raw, use_ticket_key);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  Result<void> shown = use_certificate(raw, options.certificate_file, options.key_file);
  if (!shown) return shown;
  Result<CertificateFacts> facts = facts_of(*SSL_CTX_get0_certificate(raw));
  if (!facts) return while_doing(options.certificate_file, facts.error());
  certificate_ = std::move(*facts);
  if (options.strict_transport_seconds > 0)
    strict_transport_ = "max-age=" + std::to_string(options.strict_transport_seconds);
  if (!options.asks_for_certificate) return {};
  return ask_for_certificates(options.client_authority_file);
}

Result<void> TlsContext::ask_for_certificates(const std::string& authority_file) {
  SSL_CTX* raw = context_.get();
  asks_ = true;
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(raw, take_any_certificate, nullptr);
  SSL_CTX_set_max_cert_list(raw, longest_client_chain);
  if (authority_file.empty()) return {};
  has_authorities_ = true;
  if (SSL_CTX_load_verify_file(raw, authority_file.c_str()) != 1)
    return tls_failure("cannot use the file of client authorities " + authority_file);
  return {};
}

void TlsContext::age_ticket_keys(SteadyPoint now) const {
  if (ticket_keys_) ticket_keys_->age(now);
}

void TlsContext::forget_ticket_keys() const {
  if (ticket_keys_) ticket_keys_->forget();
}

std::shared_ptr<const PeerCertificate> TlsContext::peer_certificate(const SSL& ssl) const {
  X509* leaf = asks_ ? SSL_get0_peer_certificate(&ssl) : nullptr;
  // A resumed session proves no key; there is none with a certificate, since those get no ticket.
  if (leaf == nullptr || SSL_session_reused(&ssl) == 1) return nullptr;
  auto shown = std::make_shared<PeerCertificate>();
  Result<CertificateFacts> facts = facts_of(*leaf);
  if (!facts) return nullptr;
  shown->facts = std::move(*facts);
  if (!has_authorities_) return shown;

  StoreContextPtr judge(X509_STORE_CTX_new());
  bool set = judge &&
             X509_STORE_CTX_init(judge.get(), SSL_CTX_get_cert_store(context_.get()), leaf,
                                 SSL_get_peer_cert_chain(&ssl)) == 1 &&
             X509_STORE_CTX_set_default(judge.get(), "ssl_client") == 1;
  invariant(set, "memory for judging a certificate");
  X509_VERIFY_PARAM* how = X509_STORE_CTX_get0_param(judge.get());
  X509_VERIFY_PARAM_set_auth_level(how, client_security_level);
  X509_VERIFY_PARAM_set_depth(how, longest_client_path);
  if (X509_verify_cert(judge.get()) != 1) {
    shown->trouble = X509_verify_cert_error_string(X509_STORE_CTX_get_error(judge.get()));
    ERR_clear_error();
    return shown;
  }
  // Good for as long as everything that vouches for it.
  for (X509* one : chain_of(*judge)) {
    Result<CertificateFacts> link = facts_of(*one);
    if (link) shown->facts.not_after = std::min(shown->facts.not_after, link->not_after);
  }
  return shown;
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
  std::shared_ptr<TlsContext> made(new TlsContext(std::move(*context)));
  if (options.certificate_file.empty()) return made;
  Result<void> shown = use_certificate(raw, options.certificate_file, options.key_file);
  if (!shown) return std::unexpected(shown.error());
  Result<CertificateFacts> facts = facts_of(*SSL_CTX_get0_certificate(raw));
  if (!facts) return while_doing(options.certificate_file, facts.error());
  made->certificate_ = std::move(*facts);
  return made;
}

SslPtr TlsContext::connection_on(TlsSocket& socket) const {
  SslPtr ssl(SSL_new(context_.get()));
  invariant(ssl != nullptr, "memory for a TLS connection");
  attach_socket(ssl.get(), socket);
  return ssl;
}

SslPtr TlsContext::accept_on(TlsSocket& socket) const {
  SslPtr ssl = connection_on(socket);
  socket.guard.emplace();
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
