// SPDX-License-Identifier: Apache-2.0
#include "http/expendable.hpp"

namespace hubward::http {

void Expendable::Seat::stand(As as) {
  std::list<ServerConnection*>& line = as == As::Newcomer ? of_.newcomers_ : of_.idle_;
  if (line_ == &line) return;
  leave();
  line.splice(line.end(), own_);
  line_ = &line;
}

void Expendable::Seat::leave() {
  if (line_ == nullptr) return;
  own_.splice(own_.end(), *line_, node_);
  line_ = nullptr;
}

ServerConnection* Expendable::first() const {
  if (!newcomers_.empty()) return newcomers_.front();
  return idle_.empty() ? nullptr : idle_.front();
}

}  // namespace hubward::http
