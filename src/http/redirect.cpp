// SPDX-License-Identifier: Apache-2.0
#include "http/redirect.hpp"

#include <string>

#include "http/error_response.hpp"

namespace hubward::http {

Response redirect_to(std::string_view base, const Request& request) {
  Response response;
  if (request.method == "GET" || request.method == "HEAD") {
    response.status = 308;
    response.fields.add("Location", std::string(base) + request.target);
  } else {
    response =
        error_response(405, "METHOD_NOT_ALLOWED", "this port only points to the address with https://");
    response.fields.add("Allow", "GET, HEAD");
  }
  response.fields.set("Cache-Control", "no-store");
  response.then = Response::Then::Close;
  return response;
}

}  // namespace hubward::http
