// SPDX-License-Identifier: Apache-2.0
// Single parameters of a query that carries secrets, without copies of the others. Strict: a name that stands
// twice, or an escape that is not whole, is no parameter at all. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "core/secret.hpp"

namespace hubward::grants {

// As sent, not decoded; for values that need no escapes.
std::optional<std::string_view> plain_parameter(std::string_view query, std::string_view name);
// Percent-decoded into locked memory.
std::optional<Secret> secret_parameter(std::string_view query, std::string_view name);

}  // namespace hubward::grants
