// SPDX-License-Identifier: Apache-2.0
#include "gateway/watching_body.hpp"

#include <utility>

#include "async/await.hpp"

namespace hubward::gateway {

Async<Result<std::string_view>> WatchingBody::next() {
  Result<std::string_view> piece = co_await answer_->next();
  if (!heard_ || !piece) co_return piece;
  if (text_.size() + piece->size() > limit_) {
    heard_ = nullptr;
    text_.clear();
    co_return piece;
  }
  text_ += *piece;
  // A body of known length is not asked again once it is whole.
  if (piece->empty() || answer_->length() == text_.size()) std::exchange(heard_, nullptr)(text_);
  co_return piece;
}

}  // namespace hubward::gateway
