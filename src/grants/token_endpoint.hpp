// SPDX-License-Identifier: Apache-2.0
// The one way from this room to HubSpot: a call built by hubspot/oauth.hpp goes to the API host of an app,
// its answer comes back whole and bounded. Two implementations: over HTTPS (http_token_endpoint.hpp), and a
// HubSpot in memory for tests and simulation (fake_token_endpoint.hpp). One loop.
//
// An error means that no whole answer came; the call may or may not have had its effect.
#pragma once

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "grants/app.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::grants {

class TokenEndpoint {
 public:
  virtual ~TokenEndpoint() = default;
  virtual Async<Result<hubspot::OauthAnswer>> ask(AppSnapshot app, hubspot::OauthCall call,
                                                  Deadline deadline) = 0;
};

}  // namespace hubward::grants
