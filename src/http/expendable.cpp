// SPDX-License-Identifier: Apache-2.0
#include "http/expendable.hpp"

namespace hubward::http {

void Expendable::Seat::stand(As as, SteadyPoint now) {
  std::list<Seat*>& line = of_.line(as);
  if (line_ == &line) return;
  leave();
  line.splice(line.end(), own_);
  line_ = &line;
  since_ = now;
}

void Expendable::Seat::leave() {
  if (line_ == nullptr) return;
  own_.splice(own_.end(), *line_, node_);
  line_ = nullptr;
}

bool Expendable::make_room(Grace grace, SteadyPoint now) {
  Seat* leaves = first(grace, now);
  if (leaves == nullptr) return false;
  leaves->give_way_();
  return true;
}

// Of those that had their chance, who has stood longest.
Expendable::Seat* Expendable::overdue(SteadyPoint now) {
  std::list<Seat*>& newcomers = line(As::Newcomer);
  std::list<Seat*>& unproven = line(As::Unproven);
  bool newcomer_is_over = !newcomers.empty() && newcomers.front()->since_ + grace_time <= now;
  if (unproven.empty()) return newcomer_is_over ? newcomers.front() : nullptr;
  bool newcomer_is_first = newcomer_is_over && newcomers.front()->since_ < unproven.front()->since_;
  return newcomer_is_first ? newcomers.front() : unproven.front();
}

Expendable::Seat* Expendable::first(Grace grace, SteadyPoint now) {
  if (Seat* found = overdue(now)) return found;
  std::list<Seat*>& newcomers = line(As::Newcomer);
  std::list<Seat*>& idle = line(As::Idle);
  if (grace == Grace::Bent && newcomers.size() > idle.size()) return newcomers.front();
  return idle.empty() ? nullptr : idle.front();
}

}  // namespace hubward::http
