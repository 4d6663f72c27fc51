// SPDX-License-Identifier: Apache-2.0
#include "gateway/settling_body.hpp"

#include <utility>

#include "async/await.hpp"

namespace hubward::gateway {

SettlingBody::SettlingBody(std::unique_ptr<http::Body> answer, std::optional<hubspot::LinkRewriter> rewriter,
                           std::uint64_t limit, Settle settle)
    : answer_(std::move(answer)), rewriter_(std::move(rewriter)), limit_(limit), settle_(std::move(settle)) {}

// A body of known length is complete with its last byte; the connection need not ask again to learn that it
// ended.
SettlingBody::~SettlingBody() {
  bool whole = !rewriter_ && answer_->length() == bytes_;
  settle(whole ? Settlement::End::Whole : Settlement::End::Abandoned);
}

Async<Result<std::string_view>> SettlingBody::next() {
  while (!ended_) {
    Result<std::string_view> piece = co_await answer_->next();
    if (!piece) {
      settle(Settlement::End::Broken);
      co_return piece;
    }
    ended_ = piece->empty();
    received_ += piece->size();
    if (received_ > limit_) {
      settle(Settlement::End::Broken);
      co_return failure("UPSTREAM_ANSWER", Fault::HubSpot, Retry::Never,
                        "HubSpot's answer is longer than upstream.answer_body_bytes allows");
    }
    if (rewriter_) {
      piece = ended_ ? rewriter_->finish() : rewriter_->feed(*piece);
      if (piece->empty()) continue;
    }
    bytes_ += piece->size();
    if (ended_ && !rewriter_) settle(Settlement::End::Whole);
    co_return piece;
  }
  settle(Settlement::End::Whole);
  co_return std::string_view();
}

std::optional<std::uint64_t> SettlingBody::length() const {
  if (rewriter_) return std::nullopt;
  return answer_->length();
}

void SettlingBody::settle(Settlement::End end) {
  if (!settle_) return;
  Settle once = std::exchange(settle_, nullptr);
  once({end, bytes_});
}

}  // namespace hubward::gateway
