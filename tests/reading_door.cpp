// SPDX-License-Identifier: Apache-2.0
// A door that answers every request with what it read: for tests/stories/smuggling.py, which compares that
// with what other servers read of the same bytes. Prints its port; plain HTTP, on the loopback only, until it
// is ended.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/listener.hpp"

using namespace hubward;

namespace {

// In the field X-Read, since an answer to HEAD has no body: base64 of {"method", "target", "body", "whole"},
// the body in base64 too. A body that broke off is told as far as it came; one that breaks the rules of
// framing is refused.
Async<http::Response> tell(http::Request request) {
  std::string body;
  bool whole = true;
  while (request.body) {
    Result<std::string_view> piece = co_await request.body->next();
    if (!piece && piece.error().code != "BODY_CUT")
      co_return http::text_response(400, "text/plain", piece.error().message);
    if (!piece) whole = false;
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  Json read = Json::object({{"method", request.method},
                            {"target", request.target},
                            {"body", to_base64(bytes_of(body))},
                            {"whole", whole}});
  http::Response response;
  response.fields.add("X-Read", to_base64(bytes_of(read.dump())));
  co_return response;
}

}  // namespace

int main() {
  Loop loop;
  Result<std::unique_ptr<http::Listener>> door = http::Listener::open(loop, {}, std::nullopt, {}, tell);
  if (!door) {
    fmt::print(stderr, "reading_door: {}\n", door.error().message);
    return 1;
  }
  fmt::print("{{\"port\": {}}}\n", (*door)->port());
  std::fflush(stdout);
  loop.run();
  return 0;
}
