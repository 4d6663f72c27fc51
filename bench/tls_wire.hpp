// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 over a non-blocking socket of this machine: one cipher, one curve, the server's certificate
// checked, so that every program is asked for the same. Resources of one thread; a wire must not outlive its
// context.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hubward::bench {

struct OpensslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};

class TlsContext {
 public:
  static Result<TlsContext> trusting(const std::string& ca_file, std::string server_name);
  SSL_CTX* get() const { return context_.get(); }
  const std::string& server_name() const { return server_name_; }

 private:
  std::unique_ptr<SSL_CTX, OpensslFree> context_;
  std::string server_name_;
};

class TlsWire {
 public:
  enum class State { Done, Again, Closed, Broken };
  struct Moved {
    State state;
    std::size_t size;
  };

  TlsWire() = default;
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;
  ~TlsWire() { close(); }

  // Starts to connect; when it is not Broken, fd() is there to be watched.
  State open(const TlsContext& context, const std::string& address, std::uint16_t port, bool resume);
  State shake_hands();  // until Done
  Moved read(std::span<char> into);
  State write(std::string_view bytes);  // all of it or nothing: requests are small
  void close();                         // without a word, as a program that dies does

  int fd() const { return fd_; }
  bool resumed() const { return resumed_; }
  const std::string& trouble() const { return trouble_; }

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  State judge(int outcome, const char* doing);
  friend class TlsContext;

  int fd_ = -1;
  bool resumed_ = false;
  std::unique_ptr<SSL, OpensslFree> ssl_;
  std::unique_ptr<SSL_SESSION, OpensslFree> session_;
  std::string trouble_;
};

}  // namespace hubward::bench
