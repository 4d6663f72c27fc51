// SPDX-License-Identifier: Apache-2.0
// For tests: a blocking TLS client on OpenSSL alone, that can show a certificate, offer a session of before,
// and say what it was given. Trusts everybody: what a door shows is tested elsewhere. Every wait ends. Header
// only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"
#include "http/socket_bio.hpp"

namespace hubward::http {

class FakeTlsClient {
 public:
  struct With {
    const FakeAuthority::Leaf* certificate = nullptr;
    int version = TLS1_3_VERSION;
    const FakeTlsClient* session_of = nullptr;
    int chain = 0;  // how often the certificate is sent besides
  };

  FakeTlsClient(std::uint16_t port, With with) : socket_(port), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* raw = context_.get();
    SSL_CTX_set_min_proto_version(raw, with.version);
    SSL_CTX_set_max_proto_version(raw, with.version);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, keep);
    if (with.certificate != nullptr) {
      bool used = SSL_CTX_use_certificate_file(raw, with.certificate->certificate_file.c_str(),
                                               SSL_FILETYPE_PEM) == 1 &&
                  SSL_CTX_use_PrivateKey_file(raw, with.certificate->key_file.c_str(), SSL_FILETYPE_PEM) == 1;
      invariant(used, "a test certificate can be used");
      for (int i = 0; i < with.chain; ++i) SSL_CTX_add1_chain_cert(raw, SSL_CTX_get0_certificate(raw));
    }
    ssl_.reset(SSL_new(raw));
    SSL_set_app_data(ssl_.get(), this);
    attach_socket(ssl_.get(), tls_socket_);  // a door that closes must not end the test with SIGPIPE
    if (with.session_of != nullptr) SSL_set_session(ssl_.get(), with.session_of->session_.get());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  FakeTlsClient(const FakeTlsClient&) = delete;
  FakeTlsClient& operator=(const FakeTlsClient&) = delete;

  bool connected() const { return connected_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // A ticket that could be used: TLS 1.2 may send one without content.
  bool has_ticket() const { return session_ && SSL_SESSION_has_ticket(session_.get()) == 1; }

  // Sends a request and reads until `end` has come.
  std::string ask(std::string_view request, std::string_view end) {
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string text;
    char byte = 0;
    while (!text.ends_with(end) && SSL_read(ssl_.get(), &byte, 1) == 1) text.push_back(byte);
    return text;
  }

 private:
  template <auto Free>
  struct Freed {
    template <class T>
    void operator()(T* owned) const {
      Free(owned);
    }
  };

  static int keep(SSL* ssl, SSL_SESSION* session) {
    static_cast<FakeTlsClient*>(SSL_get_app_data(ssl))->session_.reset(session);
    return 1;
  }

  RawSocket socket_;
  TlsSocket tls_socket_{.fd = socket_.fd()};
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>> session_;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
  bool connected_ = false;
};

}  // namespace hubward::http
