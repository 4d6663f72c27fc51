// SPDX-License-Identifier: Apache-2.0
// Why HubSpot called a refresh token dead: HubSpot has one word for all reasons (hubspot.md section 1.5) and
// does not tell of an uninstall (section 1.6). An access token that should still live tells more: it outlives
// the revocation of its refresh token, but not the app in the account. Decides only what a person is told,
// never whether the grant is dead. Pure; any thread.
#pragma once

#include "grants/connection.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::grants {

// What HubSpot said to the access token, when it was asked about the account with it. Unknown: it has
// expired, there was no answer, or an answer that says nothing about it.
enum class AccessToken { Unknown, Honoured, Refused };
AccessToken access_token_after(const hubspot::OauthOutcome<hubspot::AccountDetails>& outcome, HubId account);

// The verdict, as `said`, with the reason and what to do.
LastTrouble reason_of_death(const ConnectionView& connection, LastTrouble said, AccessToken access_token);

}  // namespace hubward::grants
