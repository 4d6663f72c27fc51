// SPDX-License-Identifier: Apache-2.0
// Inside admin: what can be asked about webhooks. For the table in routes.cpp.
#pragma once

#include "admin/routes.hpp"

namespace hubward::admin::webhook_routes {

Async<Result<Reply>> status(Operations& operations, Asked asked);
Async<Result<Reply>> events(Operations& operations, Asked asked);
Async<Result<Reply>> event(Operations& operations, Asked asked);
Async<Result<Reply>> capture(Operations& operations, Asked asked);
Async<Result<Reply>> repair(Operations& operations, Asked asked);
Async<Result<Reply>> destinations(Operations& operations, Asked asked);
Async<Result<Reply>> enable(Operations& operations, Asked asked);
Async<Result<Reply>> disable(Operations& operations, Asked asked);
Async<Result<Reply>> replay(Operations& operations, Asked asked);
Async<Result<Reply>> dead(Operations& operations, Asked asked);
Async<Result<Reply>> redrive(Operations& operations, Asked asked);
Async<Result<Reply>> discard(Operations& operations, Asked asked);

}  // namespace hubward::admin::webhook_routes
