// SPDX-License-Identifier: Apache-2.0
#include "grants/app_doubt.hpp"

#include <utility>

namespace hubward::grants {

AppDoubt::Now AppDoubt::refused(const ConnectionName& grant, SteadyPoint now) {
  if (since_) return now - *since_ < longest_app_doubt ? Now::InDoubt : Now::Believed;
  if (now - first_ > suspicious_time) in_a_row_.clear();
  if (in_a_row_.empty()) first_ = now;
  in_a_row_.insert(grant);
  if (in_a_row_.size() < suspicious_deaths) return Now::Believed;
  in_a_row_.clear();
  since_ = now;
  return Now::Alarm;
}

bool AppDoubt::honoured() {
  in_a_row_.clear();
  return std::exchange(since_, std::nullopt).has_value();
}

}  // namespace hubward::grants
