// SPDX-License-Identifier: Apache-2.0
// For tests: a body that comes in the pieces it was given, each after a turn of the loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "http/message.hpp"

namespace hubward::http {

class PiecesBody : public Body {
 public:
  explicit PiecesBody(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Async<Result<std::string_view>> next() override {
    co_await yield();
    if (given_ == pieces_.size()) co_return std::string_view();
    co_return std::string_view(pieces_[given_++]);
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::vector<std::string> pieces_;
  std::size_t given_ = 0;
};

}  // namespace hubward::http
