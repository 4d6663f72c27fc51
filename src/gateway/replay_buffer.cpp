// SPDX-License-Identifier: Apache-2.0
#include "gateway/replay_buffer.hpp"

#include <string>

#include "async/await.hpp"
#include "core/invariant.hpp"

namespace hubward::gateway {

struct ReplayBuffer::State {
  std::unique_ptr<http::Body> source;
  std::size_t limit;
  std::string kept;
  std::uint64_t read = 0;  // bytes taken from the source
  bool whole = true;       // kept holds all of them
};

class ReplayBuffer::Reader final : public http::Body {
 public:
  explicit Reader(std::shared_ptr<State> state) : state_(std::move(state)) {}

  Async<Result<std::string_view>> next() override {
    State& state = *state_;
    if (position_ < state.kept.size()) {
      std::string_view piece = std::string_view(state.kept).substr(position_);
      position_ = state.kept.size();
      co_return piece;
    }
    Result<std::string_view> piece = co_await state.source->next();
    if (!piece) {
      state.whole = false;
      co_return piece;
    }
    state.read += piece->size();
    if (state.whole && state.kept.size() + piece->size() <= state.limit) {
      state.kept.append(*piece);
      position_ = state.kept.size();
      co_return piece;
    }
    if (!piece->empty()) state.whole = false;
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return state_->source->length(); }
  bool ready() const override { return position_ < state_->kept.size() || state_->source->ready(); }

 private:
  std::shared_ptr<State> state_;
  std::size_t position_ = 0;
};

// Most calls have no body, and no state for one.
ReplayBuffer::ReplayBuffer(std::unique_ptr<http::Body> source, std::size_t limit)
    : state_(source ? std::make_shared<State>(std::move(source), limit) : nullptr) {}

bool ReplayBuffer::can_replay() const {
  return !state_ || state_->whole;
}
std::uint64_t ReplayBuffer::bytes_read() const {
  return state_ ? state_->read : 0;
}

std::unique_ptr<http::Body> ReplayBuffer::reader() const {
  if (!state_) return nullptr;
  invariant(state_->whole, "only a body that was kept whole is read again");
  return std::make_unique<Reader>(state_);
}

}  // namespace hubward::gateway
