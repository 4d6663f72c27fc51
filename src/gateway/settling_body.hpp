// SPDX-License-Identifier: Apache-2.0
// The last part of a call: HubSpot's answer on its way to the caller. Counts the bytes, turns paging links
// towards the gateway where asked, and says once how it ended, so that the call is recorded when it is really
// over. One loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "http/message.hpp"
#include "hubspot/link_rewrite.hpp"

namespace hubward::gateway {

struct Settlement {
  enum class End {
    Whole,      // every byte went on
    Broken,     // HubSpot's side broke off
    Abandoned,  // the caller's side went away first
  } end = End::Whole;
  std::uint64_t bytes = 0;  // handed on to the caller
};

class SettlingBody final : public http::Body {
 public:
  using Settle = std::move_only_function<void(Settlement)>;

  SettlingBody(std::unique_ptr<http::Body> answer, std::optional<hubspot::LinkRewriter> rewriter,
               std::uint64_t limit, Settle settle);
  ~SettlingBody() override;

  Async<Result<std::string_view>> next() override;
  std::optional<std::uint64_t> length() const override;
  bool ready() const override { return ended_ || answer_->ready(); }

 private:
  void settle(Settlement::End end);

  std::unique_ptr<http::Body> answer_;
  std::optional<hubspot::LinkRewriter> rewriter_;
  const std::uint64_t limit_;
  Settle settle_;  // empty once called
  std::uint64_t received_ = 0, bytes_ = 0;
  bool ended_ = false;
};

}  // namespace hubward::gateway
