// SPDX-License-Identifier: Apache-2.0
// The network engine alone, with nothing of the gateway: takes a request, puts a static token on it, sends it
// on and hands the answer back. The same job as a reverse proxy's, to tell what the engine costs from what
// the way of a call costs. For ./dev bench; listens on loopback only.
#include <cstdlib>
#include <string>

#include <fmt/core.h>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/ascii.hpp"
#include "http/client.hpp"
#include "http/error_response.hpp"
#include "http/listener.hpp"

namespace {

using namespace hubward;

struct Engine {
  http::Client& client;
  http::Origin upstream;
  std::string token;

  Async<http::Response> pass_on(http::Request request) {
    request.fields.remove("authorization");
    request.fields.remove("host");
    http::Outgoing outgoing{.origin = upstream,
                            .pool = "bench",
                            .method = std::move(request.method),
                            .target = std::move(request.target),
                            .fields = std::move(request.fields),
                            .bearer = Secret(std::string_view(token)),
                            .body = std::move(request.body)};
    Result<http::Response> answer = co_await client.send(outgoing, after(std::chrono::seconds(60)));
    if (!answer) co_return http::error_response(answer.error());
    co_return std::move(*answer);
  }
};

int wrong_use() {
  fmt::print(stderr,
             "hubward-engine PORT CERTIFICATE KEY UPSTREAM AUTHORITY, with the token in ENGINE_TOKEN\n");
  return 2;
}

int fail(const Error& error) {
  fmt::print(stderr, "hubward-engine: {}\n", error.message);
  return 1;
}

}  // namespace

int main(int count, char** words) {
  const char* token = std::getenv("ENGINE_TOKEN");
  std::optional<std::uint64_t> port = count == 6 ? to_number(words[1]) : std::nullopt;
  if (!port || *port > 65535 || token == nullptr) return wrong_use();
  Loop loop;
  Result<http::Origin> upstream = http::parse_origin(words[4]);
  if (!upstream) return fail(upstream.error());
  auto client = http::Client::make(loop, {.system_authorities = false, .authority_files = {words[5]}});
  if (!client) return fail(client.error());
  Engine engine{**client, *upstream, token};
  auto handler = [&engine](http::Request request) { return engine.pass_on(std::move(request)); };
  http::TlsServer tls{.certificate_file = words[2], .key_file = words[3]};
  auto door = http::Listener::open(loop, {.port = static_cast<std::uint16_t>(*port)}, tls, {}, handler);
  if (!door) return fail(door.error());
  loop.run();
  return 0;
}
