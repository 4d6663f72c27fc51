// SPDX-License-Identifier: Apache-2.0
// Inside admin: what the readers of questions share.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "admin/operations.hpp"

namespace hubward::admin {

inline Result<Reply> plain(Result<Json> json) {
  if (!json) return std::unexpected(json.error());
  return Reply{std::move(*json), {}, {}};
}

inline std::unexpected<Error> wrong_parameter(std::string_view name, std::string_view what) {
  return invalid("REQUEST_INVALID", fmt::format("the parameter \"{}\" must be {}", name, what));
}

}  // namespace hubward::admin
