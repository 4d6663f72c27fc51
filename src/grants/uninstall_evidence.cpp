// SPDX-License-Identifier: Apache-2.0
#include "grants/uninstall_evidence.hpp"

#include <utility>

namespace hubward::grants {

AccessToken access_token_after(const hubspot::OauthOutcome<hubspot::AccountDetails>& outcome, HubId account) {
  if (const auto* details = std::get_if<hubspot::AccountDetails>(&outcome))
    return details->hub_id == account ? AccessToken::Honoured : AccessToken::Unknown;
  const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome);
  bool is_refused =
      refusal != nullptr && refusal->http_status == 401 && refusal->code == "INVALID_AUTHENTICATION";
  return is_refused ? AccessToken::Refused : AccessToken::Unknown;
}

LastTrouble reason_of_death(const ConnectionView& connection, LastTrouble said, AccessToken access_token) {
  std::string account = "account " + std::to_string(connection.hub_id.number);
  std::string invite = "hubward connection invite " + connection.name.text + " --app " + connection.app.text;
  switch (access_token) {
    case AccessToken::Unknown: break;
    case AccessToken::Honoured:
      said.cause = "the refresh token was revoked, while the app is still installed in " + account + " (" +
                   said.cause + ")";
      said.next_step = "Connect the account again: " + invite + " (name and policy stay).";
      break;
    case AccessToken::Refused:
      said.cause = "the app was uninstalled from " + account +
                   ": HubSpot honours neither its refresh token nor its access token (" + said.cause + ")";
      said.next_step = "Let it go with hubward connection disconnect " + connection.name.text +
                       ", or have the account install the app again: " + invite + " (name and policy stay).";
      break;
  }
  return said;
}

}  // namespace hubward::grants
