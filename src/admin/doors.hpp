// SPDX-License-Identifier: Apache-2.0
// Who may ask an operator's questions. Over the local socket: root and our own user, told by the kernel. Over
// the network: whoever brings the operator token, under a name of ours (Host, and Origin where a browser
// sends one), so that a page in an operator's browser reaches nothing by rebinding a name. No cookies, no
// CORS; nothing may be kept by a cache. /healthz says only that the process answers, and asks for no token.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/api.hpp"
#include "crypto/digest.hpp"
#include "http/message.hpp"
#include "telemetry/metrics.hpp"

namespace hubward::admin {

// Immutable; swapped whole by a reload. Only a hash of the token is kept.
struct NetworkRules {
  crypto::Digest token_hash{};
  std::vector<std::string> allowed_hosts;
};
NetworkRules network_rules(const Secret& token, std::vector<std::string> allowed_hosts);

class Doors {
 public:
  // Everything outlives the Doors.
  Doors(Api& api, const Operations& operations, telemetry::Metrics& metrics, crypto::Random& random)
      : api_(api), operations_(operations), metrics_(metrics), random_(random) {}
  void set(std::shared_ptr<const NetworkRules> rules) { rules_ = std::move(rules); }

  Async<http::Response> from_socket(http::Request request);
  Async<http::Response> from_network(http::Request request);

 private:
  Async<http::Response> answer(grants::Actor actor, http::Request request);
  Async<http::Response> readiness();

  Api& api_;
  const Operations& operations_;
  telemetry::Metrics& metrics_;
  crypto::Random& random_;
  std::shared_ptr<const NetworkRules> rules_;
};

}  // namespace hubward::admin
