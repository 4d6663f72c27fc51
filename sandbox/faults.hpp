// SPDX-License-Identifier: Apache-2.0
// Trouble on demand: the first rule that fits a call says what goes wrong, and whether before or after the
// effect. Pure; cuts and waits are instructions to the shell.
#pragma once

#include <optional>

#include "sandbox/world.hpp"

namespace hubward::sandbox {

// The rule for this call, counted as hit; `label` is the caller's token ("" when there is none).
std::optional<FaultRule> fault_for(World& world, const Call& call, std::string_view label);

// The answer that stands in for the real one, when the rule has one and there is no effect.
std::optional<Answer> answer_instead(World& world, const FaultRule& fault);
// What the rule does to the real answer.
void spoil(Answer& answer, const FaultRule& fault);

}  // namespace hubward::sandbox
