// SPDX-License-Identifier: Apache-2.0
#include "grants/http_token_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"

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

// Gathers an answer's body in locked memory, which doubles as it fills.
class SecretBuffer {
 public:
  bool add(std::string_view piece) {
    if (piece.size() > hubspot::oauth_answer_limit - size_) return false;
    if (size_ + piece.size() > bytes_.size()) grow(size_ + piece.size());
    std::ranges::copy(std::as_bytes(std::span(piece)),
                      bytes_.writable().begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += piece.size();
    return true;
  }
  Secret take() {
    bytes_.shrink(size_);
    return std::move(bytes_);
  }

 private:
  void grow(std::size_t needed) {
    Secret larger = Secret::of_size(std::max<std::size_t>({needed, 2 * bytes_.size(), 4096}));
    std::ranges::copy(bytes_.reveal().first(size_), larger.writable().begin());
    bytes_ = std::move(larger);
  }
  Secret bytes_;
  std::size_t size_ = 0;
};

Async<Result<Secret>> read_secret(std::unique_ptr<http::Body> body) {
  SecretBuffer buffer;
  while (body) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (!buffer.add(*piece))
      co_return failure("UPSTREAM_ANSWER", Fault::HubSpot, Retry::Later,
                        "the answer is larger than an answer can be");
  }
  co_return buffer.take();
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
  Result<http::Response> response = co_await (*client)->send(std::move(outgoing), deadline);
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
