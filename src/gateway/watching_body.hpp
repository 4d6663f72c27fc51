// SPDX-License-Identifier: Apache-2.0
// HubSpot's error body on its way to the caller, read alongside: what passes is not changed and not held up.
// One loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace hubward::gateway {

class WatchingBody final : public http::Body {
 public:
  // Called once with the whole body, unless it breaks off or is longer than `limit`.
  using Heard = std::move_only_function<void(std::string_view)>;

  WatchingBody(std::unique_ptr<http::Body> answer, std::size_t limit, Heard heard)
      : answer_(std::move(answer)), limit_(limit), heard_(std::move(heard)) {}

  Async<Result<std::string_view>> next() override;
  std::optional<std::uint64_t> length() const override { return answer_->length(); }
  bool ready() const override { return answer_->ready(); }

 private:
  std::unique_ptr<http::Body> answer_;
  const std::size_t limit_;
  Heard heard_;  // empty once called, or when there is nothing more to hear
  std::string text_;
};

}  // namespace hubward::gateway
