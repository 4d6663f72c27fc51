// SPDX-License-Identifier: Apache-2.0
// A body whose text lies in locked memory: an answer that shows a client key, a request that hands over a
// token. One piece.
#pragma once

#include "core/secret.hpp"
#include "http/message.hpp"

namespace hubward::admin {

class SecretBody final : public http::Body {
 public:
  explicit SecretBody(Secret text) : text_(std::move(text)) {}
  Async<Result<std::string_view>> next() override;
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  Secret text_;
  bool given_ = false;
};

}  // namespace hubward::admin
