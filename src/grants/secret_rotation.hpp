// SPDX-License-Identifier: Apache-2.0
// While an app's client secret is being changed at HubSpot, the configuration names two: which of them
// HubSpot takes, and what an operator should do next. Pure; forgotten by a restart. One loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/named.hpp"

namespace hubward::grants {

enum class ClientSecret : unsigned char { Current, Previous };

// When each was taken last.
struct SecretUse {
  std::optional<TimePoint> current, previous;
};

class SecretUses {
 public:
  // Whether it is worth recording: the other one was taken last, or this is the previous one and the first
  // taken.
  bool note(const AppName& app, ClientSecret which, TimePoint now);
  SecretUse of(const AppName& app) const;

 private:
  std::map<AppName, SecretUse> uses_;
};

// `calls`: at HubSpot's token endpoint; `webhooks`: as HubSpot signed them.
std::string rotation_sentence(const SecretUse& calls, const SecretUse& webhooks);

}  // namespace hubward::grants
