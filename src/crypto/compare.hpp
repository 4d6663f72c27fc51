// SPDX-License-Identifier: Apache-2.0
// Comparison whose time says nothing about where two values differ. The lengths are not secret. Any thread.
#pragma once

#include <cstddef>
#include <span>

namespace hubward::crypto {

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

}  // namespace hubward::crypto
