// SPDX-License-Identifier: Apache-2.0
// Calls on up to a hundred records at once, and the envelope that every batch answers with (hubspot.md
// section 10.3). Pure over the World.
#pragma once

#include "sandbox/context.hpp"

namespace hubward::sandbox {

constexpr std::size_t largest_batch = 100;

std::expected<const Json::Items*, Problem> batch_inputs(const Context& context, std::size_t largest);
// 207 when there are errors, else `status`.
Answer batch_answer(const Context& context, int status, Json results, Json errors);

Outcome batch_read(const Context& context);
Outcome batch_create(const Context& context);
Outcome batch_update(const Context& context);
Outcome batch_upsert(const Context& context);
Outcome batch_archive(const Context& context);

}  // namespace hubward::sandbox
