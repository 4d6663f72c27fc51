// SPDX-License-Identifier: Apache-2.0
#include "admin/api.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "admin/routes.hpp"
#include "admin/secret_body.hpp"
#include "async/await.hpp"
#include "core/ascii.hpp"
#include "http/error_response.hpp"
#include "hubspot/error_envelope.hpp"

namespace hubward::admin {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view json_type = "application/json;charset=utf-8";

// The codes that an operator meets here and whose status says more than their fault.
constexpr std::array<std::pair<std::string_view, int>, 16> statuses = {{
    {"UNAUTHENTICATED"sv, 401},
    {"FORBIDDEN"sv, 403},
    {"NOT_FOUND"sv, 404},
    {"APP_UNKNOWN"sv, 404},
    {"ROLE_UNKNOWN"sv, 404},
    {"CLIENT_UNKNOWN"sv, 404},
    {"CONNECTION_UNKNOWN"sv, 404},
    {"EVENT_UNKNOWN"sv, 404},
    {"DESTINATION_UNKNOWN"sv, 404},
    {"DEAD_LETTER_UNKNOWN"sv, 404},
    {"METHOD_NOT_ALLOWED"sv, 405},
    {"CLIENT_EXISTS"sv, 409},
    {"CONNECTION_TAKEN"sv, 409},
    {"ROTATION_UNDERWAY"sv, 409},
    {"STORE_CONFLICT"sv, 409},
    {"JOURNAL_UNAVAILABLE"sv, 503},
}};

int status_of(const Error& error) {
  auto found =
      std::ranges::find(statuses, std::string_view(error.code), &std::pair<std::string_view, int>::first);
  if (found != statuses.end()) return found->second;
  return http::status_of(error);
}

void forbid_keeping(http::Response& response) {
  response.fields.set("Cache-Control", "no-store");
  response.fields.set("X-Content-Type-Options", "nosniff");
}

// {…,"key":"SECRET"}, put together in locked memory. The secret is of base64url's alphabet: it needs no
// escape.
http::Response secret_response(const Reply& reply) {
  std::string head = reply.json.dump();
  head.pop_back();  // the closing brace
  head += (head.size() > 1 ? "," : "") + json_quoted(reply.secret_member) + ":\"";
  std::span<const std::byte> pieces[] = {bytes_of(head), reply.secret->reveal(), bytes_of("\"}")};
  Secret text = Secret::of_size(head.size() + reply.secret->size() + 2);
  auto to = text.writable().begin();
  for (std::span<const std::byte> piece : pieces) to = std::ranges::copy(piece, to).out;
  http::Response response;
  response.fields.add("Content-Type", json_type);
  forbid_keeping(response);
  response.body = std::make_unique<SecretBody>(std::move(text));
  return response;
}

// The whole body in locked memory, without the line end that an editor leaves.
Async<Result<Secret>> read_secret(std::unique_ptr<http::Body> body) {
  constexpr std::size_t limit = 4096;
  Secret secret = Secret::of_size(limit);
  std::size_t filled = 0;
  while (body) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (piece->size() > limit - filled)
      co_return invalid("BODY_TOO_LARGE", "the body is longer than a token");
    std::ranges::copy(std::as_bytes(std::span(*piece)), secret.writable().begin() + filled);
    filled += piece->size();
  }
  while (filled > 0 && (secret.reveal_text()[filled - 1] == '\n' || secret.reveal_text()[filled - 1] == '\r'))
    --filled;
  secret.shrink(filled);
  if (secret.empty()) co_return invalid("REQUEST_INVALID", "the body must be the token");
  co_return secret;
}

Async<Result<Json>> read_json(std::unique_ptr<http::Body> body) {
  Result<std::string> text = co_await http::read_all(std::move(body), max_api_body);
  if (!text) co_return std::unexpected(text.error());
  if (text->empty()) co_return Json::object();
  Result<Json> json = Json::parse(*text);
  if (!json) co_return invalid("REQUEST_INVALID", "the body is not JSON: " + json.error().message);
  if (!json->is_object()) co_return invalid("REQUEST_INVALID", "the body must be a JSON object");
  co_return json;
}

Async<Result<void>> read_body(Reads reads, Asked& asked, std::unique_ptr<http::Body> body) {
  if (reads == Reads::Json) {
    Result<Json> json = co_await read_json(std::move(body));
    if (!json) co_return std::unexpected(json.error());
    asked.body = std::move(*json);
  } else if (reads == Reads::Secret) {
    Result<Secret> secret = co_await read_secret(std::move(body));
    if (!secret) co_return std::unexpected(secret.error());
    asked.secret = std::move(*secret);
  }
  co_return Result<void>();
}

// What an act was about: a name in the path or, for what is made anew, in the body.
std::string subject_of(const Asked& asked) {
  if (!asked.name.empty()) return asked.name;
  for (std::string_view member : {"name", "connection", "destination", "app", "id"}) {
    const Json& subject = asked.body[member];
    if (subject.is_text() || subject.is_number())
      return std::string(subject.number_text().value_or(subject.text().value_or("")));
  }
  return "";
}

}  // namespace

Async<Result<std::string_view>> SecretBody::next() {
  if (std::exchange(given_, true)) co_return std::string_view();
  co_return text_.reveal_text();
}

http::Response json_response(int status, const Json& json) {
  http::Response response = http::text_response(status, std::string(json_type), json.dump());
  forbid_keeping(response);
  return response;
}

http::Response error_response(const Error& error, const std::string& correlation_id) {
  http::Response response = http::text_response(status_of(error), std::string(json_type),
                                                hubspot::envelope(hubspot::own_error(error, correlation_id)));
  forbid_keeping(response);
  if (response.status == 401) response.fields.set("WWW-Authenticate", "Bearer");
  return response;
}

Async<http::Response> Api::answer(grants::Actor actor, http::Request request) {
  std::string correlation_id = crypto::uuid4(random_);
  std::string_view path = request.path();
  if (!path.starts_with(api_prefix)) path = api_prefix;  // find_route knows nothing under an empty name
  Result<Found> found = find_route(request.method, path.substr(api_prefix.size()));
  if (!found) co_return error_response(found.error(), correlation_id);
  const Route& route = *found->route;
  Result<hubspot::Query> query = hubspot::Query::parse(request.query());
  if (!query) co_return error_response(query.error(), correlation_id);

  if (route.unrecorded == Unrecorded::Refuse && !route.act.empty() && journal_.statistics().failing) {
    Error refused{
        "JOURNAL_UNAVAILABLE", Fault::Store, Retry::Later,
        "the journal cannot be written, so nothing may be changed now; only revoking and disconnecting "
        "still work"};
    co_return error_response(refused, correlation_id);
  }

  Asked asked{actor, std::move(found->name), {}, {}, std::move(*query), clock_.now()};
  Result<void> read = co_await read_body(route.reads, asked, std::move(request.body));
  if (!read) co_return error_response(read.error(), correlation_id);

  journal::Record act;
  act.kind = journal::Kind::Admin;
  act.time = clock_.now();
  act.client = actor.text;
  act.operation = route.act;
  act.correlation_id = correlation_id;
  act.peer = request.peer.address;
  act.details.push_back({"subject", subject_of(asked)});
  SteadyPoint began = clock_.steady();

  Result<Reply> reply = co_await route.run(operations_, std::move(asked));
  http::Response response = !reply          ? error_response(reply.error(), correlation_id)
                            : reply->secret ? secret_response(*reply)
                                            : json_response(200, reply->json);
  if (route.act.empty()) co_return response;
  act.status = static_cast<std::uint16_t>(response.status);
  act.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - began);
  if (!reply) act.reason = reply.error().code;
  Result<void> recorded = co_await record(std::move(act));
  // The change has happened; hiding that because its record is late would be worse. The operator is told.
  if (!recorded) response.fields.set("Warning", "199 hubward \"done, but not yet recorded in the journal\"");
  co_return response;
}

Async<Result<void>> Api::record(journal::Record act) {
  telemetry::LogField fields[] = {{"act", act.operation}, {"actor", act.client}, {"status", act.status}};
  log_.write(telemetry::Level::Info, "admin.act", fields);
  Result<void> recorded = co_await journal_.append_durably(std::move(act));
  if (!recorded) log_.failed(telemetry::Level::Error, "admin.unrecorded", recorded.error());
  co_return recorded;
}

std::optional<TimePoint> read_time(std::string_view text, TimePoint now) {
  constexpr std::pair<char, std::int64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}};
  for (auto [letter, seconds] : units) {
    if (!text.ends_with(letter)) continue;
    auto count = to_number(text.substr(0, text.size() - 1));
    if (!count || *count > 1'000'000'000) return std::nullopt;
    return now - std::chrono::seconds(static_cast<std::int64_t>(*count) * seconds);
  }
  return from_iso8601(text);
}

}  // namespace hubward::admin
