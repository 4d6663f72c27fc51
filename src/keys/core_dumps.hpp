// SPDX-License-Identifier: Apache-2.0
// No core file of a process that holds secrets, and no debugger of the same user: RLIMIT_CORE is 0 (soft and
// hard) and the process is marked undumpable. Root can still look; pages for secrets are left out of its core
// images too (core/locked_memory.hpp). To be called first thing, before any secret is read. Inherited by
// forks, not by programs they start.
#pragma once

#include "core/result.hpp"

namespace hubward::keys {

Result<void> forbid_core_dumps();

}  // namespace hubward::keys
