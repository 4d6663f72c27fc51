// SPDX-License-Identifier: Apache-2.0
// A door: accepts connections, reads requests strictly (http/head_parser.hpp), hands each to one handler and
// writes its answer. Every wait, size and number is bounded by Limits. A resource of one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "http/admission.hpp"
#include "http/message.hpp"

namespace hubward::http {

class DoorFigures;

struct Limits {
  // Open at once. A new one takes the place of one that could be closed without harm (http/expendable.hpp);
  // when there is none, it is closed.
  std::size_t connections = 10'000;
  AdmissionLimits admission = {};
  std::size_t head_bytes = 32 * 1024;  // request line and fields together
  std::size_t fields = 100;
  std::size_t target_bytes = 8 * 1024;
  std::uint64_t body_bytes = 16 * 1024 * 1024;
  std::chrono::milliseconds handshake{10'000};  // TLS, to its first byte, and from its turn to finished
  std::chrono::milliseconds head{10'000};       // from the first byte of a head to its end
  std::chrono::milliseconds idle{75'000};       // between requests on a kept connection
  std::chrono::milliseconds body_idle{30'000};  // how far a body may lag, either way (http/patience.hpp)
  std::uint64_t slowest_body = 1024;            // bytes a second
};

// Server side of TLS. Safe if left alone: 1.2 and 1.3, no 0-RTT, no renegotiation, no compression.
struct TlsServer {
  std::string certificate_file = {};  // PEM, leaf first
  std::string key_file = {};          // PEM
  bool only_tls13 = false;
  // Clients are asked for a certificate and may do without. What they show stands in Peer; nothing is refused
  // for it here.
  bool asks_for_certificate = false;
  std::string client_authority_file = {};      // PEM: who vouches for clients; empty: nobody needs to
  std::uint32_t strict_transport_seconds = 0;  // Strict-Transport-Security (RFC 6797); 0: not sent
};

// What a door with these files would show; the error says what is wrong with them.
Result<CertificateFacts> try_certificate(const TlsServer& tls);

// Where to listen: an address and port (0: any free one), or a local socket's path.
struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string socket_path = {};  // when not empty, a local socket with mode 0600
};

class Listener {
 public:
  using Handler = std::function<Async<Response>(Request)>;

  // Binds and listens; the error names the address and the reason. Without `tls` it speaks plain HTTP.
  // `handler` is called on the loop; it must not throw. Without `figures` nobody counts.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, Endpoint endpoint, std::optional<TlsServer> tls,
                                                Limits limits, Handler handler,
                                                std::shared_ptr<DoorFigures> figures = nullptr);
  ~Listener();

  std::uint16_t port() const;  // the bound port when 0 was asked for
  // Loads the certificate, its key and the client authorities again. Connections that are open stay as they
  // are, but a certificate that a client showed on one is judged again at its next request. On an error the
  // old ones stay: also when the new certificate is not valid now and the old one is.
  Result<void> reload_certificate();
  // What this door shows; null without TLS.
  const CertificateFacts* certificate() const;
  // Stops accepting, lets requests in flight finish until the deadline, then closes what is left.
  Async<void> drain(Deadline deadline);

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hubward::http
