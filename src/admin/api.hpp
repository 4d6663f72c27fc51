// SPDX-License-Identifier: Apache-2.0
// /api/v1/…: finds the operation that a request asks for, reads its bounded body, runs it, records a change,
// and answers JSON, errors in the envelope that every other door uses (docs/admin.md lists the routes). It
// asks nobody who they are: that is decided by the door that a request came through (admin/doors.hpp).
//
// A resource of the loop of its Operations.
#pragma once

#include <string>
#include <string_view>

#include "admin/operations.hpp"
#include "crypto/random.hpp"
#include "http/message.hpp"
#include "telemetry/log.hpp"

namespace hubward::admin {

constexpr std::size_t max_api_body = 64 * 1024;
constexpr std::string_view api_prefix = "/api/v1/";

class Api {
 public:
  // Everything outlives the Api.
  Api(Operations& operations, journal::Journal& journal, const Clock& clock, crypto::Random& random,
      telemetry::Log& log)
      : operations_(operations), journal_(journal), clock_(clock), random_(random), log_(log) {}

  Async<http::Response> answer(grants::Actor actor, http::Request request);

 private:
  Async<Result<void>> record(journal::Record act);

  Operations& operations_;
  journal::Journal& journal_;
  const Clock& clock_;
  crypto::Random& random_;
  telemetry::Log& log_;
};

// An answer of this room: JSON that nobody may keep.
http::Response json_response(int status, const Json& json);
http::Response error_response(const Error& error, const std::string& correlation_id);

// "2026-03-01", "2026-03-01T12:00:00Z" (with or without milliseconds), or "24h": so long before `now` (s, m,
// h, d).
std::optional<TimePoint> read_time(std::string_view text, TimePoint now);

}  // namespace hubward::admin
