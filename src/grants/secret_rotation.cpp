// SPDX-License-Identifier: Apache-2.0
#include "grants/secret_rotation.hpp"

#include <algorithm>

namespace hubward::grants {
namespace {

bool previous_is_last(const SecretUse& use) {
  return use.previous && (!use.current || *use.previous > *use.current);
}

}  // namespace

bool SecretUses::note(const AppName& app, ClientSecret which, TimePoint now) {
  SecretUse& use = uses_[app];
  bool previous = which == ClientSecret::Previous;
  bool news = previous ? !previous_is_last(use) : previous_is_last(use);
  (previous ? use.previous : use.current) = now;
  return news;
}

SecretUse SecretUses::of(const AppName& app) const {
  auto found = uses_.find(app);
  return found == uses_.end() ? SecretUse{} : found->second;
}

std::string rotation_sentence(const SecretUse& calls, const SecretUse& webhooks) {
  if (previous_is_last(calls))
    return "HubSpot takes the secret that is configured as previous_client_secret, last at " +
           to_iso8601(*calls.previous) +
           ": the new one is not in force there yet, or is wrong in the configuration";
  std::optional<TimePoint> last_previous = std::max(calls.previous, webhooks.previous);
  bool current_seen = calls.current || webhooks.current;
  if (!current_seen && !last_previous)
    return "neither secret was used since the start; `hubward connection refresh` shows which one HubSpot "
           "takes";
  if (previous_is_last(webhooks))
    return "HubSpot still signs webhooks with the secret that is configured as previous_client_secret, last "
           "at " +
           to_iso8601(*webhooks.previous) + ": keep it";
  std::string used =
      last_previous ? "was used last at " + to_iso8601(*last_previous) : "was not used since the start";
  return "HubSpot takes the new secret; the previous one " + used +
         ": remove previous_client_secret from the configuration once a day has passed without it";
}

}  // namespace hubward::grants
