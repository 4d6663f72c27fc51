// SPDX-License-Identifier: Apache-2.0
#include "http/ticket_keys.hpp"

#include <utility>

namespace hubward::http {

void TicketKeys::age(SteadyPoint now) {
  if (current_ && now - current_->made >= life) previous_ = std::exchange(current_, std::nullopt);
  if (previous_ && now - previous_->made >= 2 * life) previous_.reset();
}

void TicketKeys::forget() {
  current_.reset();
  previous_.reset();
}

const TicketKeys::Key& TicketKeys::sealing(SteadyPoint now) {
  age(now);
  if (!current_) {
    current_.emplace(Key{.name = {}, .secret = crypto::random_secret(random_, 2 * half), .made = now});
    random_.fill(current_->name);
  }
  return *current_;
}

const TicketKeys::Key* TicketKeys::opening(const Name& name, SteadyPoint now) {
  age(now);
  for (const std::optional<Key>* key : {&current_, &previous_})
    if (*key && (*key)->name == name) return &**key;
  return nullptr;
}

}  // namespace hubward::http
