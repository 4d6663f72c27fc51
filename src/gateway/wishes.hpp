// SPDX-License-Identifier: Apache-2.0
// What a caller asks for in fields of ours: X-Hubward-Priority and X-Hubward-Wait-Ms (docs/limits.md). They
// go no further than to us. Pure.
#pragma once

#include <chrono>

#include "core/named.hpp"
#include "core/result.hpp"
#include "http/message.hpp"
#include "pacing/pacer.hpp"

namespace hubward::gateway {

struct Wishes {
  pacing::Priority priority = pacing::Priority::Normal;
  std::chrono::milliseconds wait{0};  // for room at HubSpot
};

// What is not asked for is as the role and the configuration have it; nothing can be asked for beyond them.
// Error: WISH_REFUSED.
Result<Wishes> read_wishes(const http::Fields& fields, const RoleName& role, pacing::Priority of_role,
                           const pacing::Settings& settings);

}  // namespace hubward::gateway
