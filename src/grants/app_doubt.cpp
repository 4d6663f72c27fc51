// SPDX-License-Identifier: Apache-2.0
#include "grants/app_doubt.hpp"

#include <utility>

namespace hubward::grants {

AppDoubt::Now AppDoubt::refused(SteadyPoint now) {
  if (since_) return now - *since_ < longest_app_doubt ? Now::InDoubt : Now::Believed;
  if (in_a_row_ == 0 || now - first_ > suspicious_time) {
    in_a_row_ = 0;
    first_ = now;
  }
  if (++in_a_row_ < suspicious_deaths) return Now::Believed;
  since_ = now;
  return Now::Alarm;
}

bool AppDoubt::honoured() {
  in_a_row_ = 0;
  return std::exchange(since_, std::nullopt).has_value();
}

}  // namespace hubward::grants
