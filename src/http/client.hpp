// SPDX-License-Identifier: Apache-2.0
// Calls out: strict HTTP/1.1 with verified TLS, connections kept in pools. Follows no redirect, keeps no
// cookie, uses no proxy and decompresses nothing. A resource of one loop.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "http/message.hpp"

namespace hubward::http {

struct Origin {
  enum class Scheme { Https, Http } scheme = Scheme::Https;
  std::string host;
  std::uint16_t port = 443;
  auto operator<=>(const Origin&) const = default;
};

// "https://api.hubapi.com", "https://localhost:8443": scheme, host and port, no path, no user info.
Result<Origin> parse_origin(std::string_view text);
std::string to_string(const Origin& origin);     // without the default port
std::string authority_of(const Origin& origin);  // likewise, and without the scheme: what Host says

struct ClientOptions {
  bool system_authorities = true;                 // trust what the machine trusts
  std::vector<std::string> authority_files = {};  // PEM files trusted besides
  // PEM: shown to servers that ask for a certificate. Both or none.
  std::string certificate_file = {};
  std::string key_file = {};
  std::size_t idle_per_pool = 64;             // kept connections, besides those that are busy
  std::size_t connections_per_pool = 256;     // open at once; more wait for their deadline
  std::chrono::milliseconds connect{10'000};  // name look-up, TCP and TLS together
  std::chrono::milliseconds idle{50'000};     // a kept connection is closed after this
  // One that was used within this is busy: it keeps its buffers, and is not closed for being one too many, or
  // calls that come in waves would connect anew in each.
  std::chrono::milliseconds busy{1'000};
  std::chrono::milliseconds body_idle{60'000};  // how far a body may lag, either way (http/patience.hpp)
  std::uint64_t slowest_body = 1024;            // bytes a second
  std::size_t head_bytes = 64 * 1024;
  // Which addresses may be connected to, as numbers: asked of each address that a name has, right before it
  // is used, so that a name that changes is no way around it. Empty: all.
  std::function<bool(const std::string& address)> may_connect = {};
};

// What a client with these would show; the error says what is wrong with them.
Result<CertificateFacts> try_client_certificate(const std::string& certificate_file,
                                                const std::string& key_file);

// A request to send. Content-Length or chunked framing follows from body->length(); Host from the origin. It
// may be sent again, with another bearer and body.
struct Outgoing {
  Origin origin;
  std::string pool;  // connections are shared only within one pool name (one of our connections)
  std::string method = "GET";
  std::string target = "/";
  Fields fields;
  // Sent as "Authorization: Bearer …"; the buffer it passes through is wiped after the write.
  std::optional<Secret> bearer;
  std::unique_ptr<Body> body;
  Deadline answer_end = Deadline::max();  // by when the answer's body must have been read, besides body_idle
};

// What became of a request that failed; decides whether it may be sent again. Error::code is one of
// UPSTREAM_CONNECT (nothing was sent), UPSTREAM_SEND (some may have arrived), UPSTREAM_ANSWER (the answer
// broke off or broke the rules), UPSTREAM_TIMEOUT, REQUEST_BODY (our own body failed).
class Client {
 public:
  static Result<std::unique_ptr<Client>> make(Loop& loop, ClientOptions options);
  ~Client();

  // The head of the answer, with its body to be pulled. A kept connection that turns out to be stale is
  // replaced once where nothing of the request can have been acted on (no body sent and an idempotent
  // method). Interim 1xx answers are swallowed. The deadline covers everything up to the head; `body_idle`
  // and `answer_end` the rest. The request stays its owner's, and outlives the call; what of its fields does
  // not go with its origin and bearer (Host, Authorization) is taken out.
  Async<Result<Response>> send(Outgoing& request, Deadline deadline);

  std::size_t open_connections() const;
  // Closes kept connections of a pool (a disconnected connection of ours).
  void forget_pool(std::string_view pool);

 private:
  struct State;
  explicit Client(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hubward::http
