// SPDX-License-Identifier: Apache-2.0
#include "http/error_response.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/json.hpp"
#include "crypto/random.hpp"

namespace hubward::http {

int status_of(const Error& error) {
  if (error.code == "BODY_TOO_LARGE") return 413;
  if (error.code == "BODY_TIMEOUT") return 408;
  if (error.code == "UPSTREAM_TIMEOUT") return 504;
  switch (error.fault) {
    case Fault::Caller: return 400;
    case Fault::HubSpot:
    case Fault::Network: return 502;
    case Fault::Store:
    case Fault::Us: return error.retry == Retry::Later ? 503 : 500;
  }
  return 500;
}

namespace {

Response envelope(int status, std::string_view code, std::string_view message,
                  const std::string& correlation_id) {
  Json body = Json::object({{"status", "error"},
                            {"message", message},
                            {"correlationId", correlation_id},
                            {"category", "HUBWARD_" + std::string(code)}});
  return text_response(status, "application/json;charset=utf-8", body.dump());
}

}  // namespace

Response error_response(int status, std::string_view code, std::string_view message) {
  crypto::SystemRandom random;
  return envelope(status, code, message, crypto::uuid4(random));
}

Response error_response(const Error& error, const std::string& correlation_id) {
  return envelope(status_of(error), error.code, error.message, correlation_id);
}

Response error_response(const Error& error) {
  return error_response(status_of(error), error.code, error.message);
}

std::string_view reason_phrase(int status) {
  struct Reason {
    int status;
    std::string_view phrase;
  };
  static constexpr Reason reasons[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {207, "Multi-Status"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  const Reason* found = std::ranges::find(reasons, status, &Reason::status);
  return found == std::end(reasons) ? std::string_view() : found->phrase;
}

}  // namespace hubward::http
