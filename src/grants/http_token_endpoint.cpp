// SPDX-License-Identifier: Apache-2.0
#include "grants/http_token_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace hubward::grants {
namespace {

// A body that lies in locked memory until it is written, and is wiped when its end is asked for.
class SecretBody final : public http::Body {
 public:
  explicit SecretBody(Secret bytes) : bytes_(std::move(bytes)), size_(bytes_.size()) {}
  Async<Result<std::string_view>> next() override {
    if (std::exchange(given_, true)) bytes_ = Secret();
    co_return bytes_.reveal_text();
  }
  std::optional<std::uint64_t> length() const override { return size_; }

 private:
  Secret bytes_;
  std::size_t size_;
  bool given_ = false;
};

std::unexpected<Error> too_large() {
  return failure("UPSTREAM_ANSWER", Fault::HubSpot, Retry::Later,
                 "the answer is larger than an answer can be");
}

// Gathers an answer's body in locked memory that is taken once.
Async<Result<Secret>> read_secret(std::unique_ptr<http::Body> body) {
  if (!body) co_return Secret();
  std::uint64_t room = body->length().value_or(hubspot::oauth_answer_limit);
  if (room > hubspot::oauth_answer_limit) co_return too_large();
  Secret whole = Secret::of_size(room);
  std::size_t used = 0;
  for (;;) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (piece->size() > whole.size() - used) co_return too_large();
    std::ranges::copy(bytes_of(*piece), whole.writable().subspan(used).begin());
    used += piece->size();
  }
  whole.shrink(used);
  co_return whole;
}

// Seconds only; a date is nothing that HubSpot sends.
std::optional<std::chrono::seconds> retry_after(const http::Fields& fields) {
  constexpr std::uint64_t longest = 7UL * 24 * 3600;
  std::optional<std::uint64_t> number = to_number(trimmed(fields.find("Retry-After").value_or("")));
  if (!number) return std::nullopt;
  return std::chrono::seconds(std::min(*number, longest));
}

}  // namespace

Async<Result<hubspot::OauthAnswer>> HttpTokenEndpoint::ask(AppSnapshot app, hubspot::OauthCall call,
                                                           Deadline deadline) {
  Result<http::Client*> client = client_for_(*app);
  if (!client) co_return std::unexpected(client.error());
  http::Outgoing outgoing;
  outgoing.origin = app->api_origin;
  outgoing.pool = "oauth " + app->name.text;
  outgoing.method = std::move(call.method);
  outgoing.target = std::move(call.target);
  outgoing.fields.add("Accept", "application/json");
  outgoing.fields.add("User-Agent", "hubward");
  if (!call.content_type.empty()) {
    outgoing.fields.add("Content-Type", call.content_type);
    outgoing.body = std::make_unique<SecretBody>(std::move(call.body));
  }
  outgoing.bearer = std::move(call.bearer);
  outgoing.answer_end = deadline;  // an answer that trickles keeps nobody waiting
  Result<http::Response> response = co_await (*client)->send(outgoing, deadline);
  if (!response) co_return std::unexpected(response.error());
  hubspot::OauthAnswer answer;
  answer.status = response->status;
  answer.retry_after = retry_after(response->fields);
  Result<Secret> body = co_await read_secret(std::move(response->body));
  if (!body) co_return std::unexpected(body.error());
  answer.body = std::move(*body);
  co_return std::move(answer);
}

}  // namespace hubward::grants
