// SPDX-License-Identifier: Apache-2.0
// Who may ask an operator's questions. Over the local socket: root and our own user, told by the kernel. Over
// the network: whoever brings the operator token, under a name of ours (Host, and Origin where a browser
// sends one), so that a page in an operator's browser reaches nothing by rebinding a name. No cookies, no
// CORS; nothing may be kept by a cache. /healthz says only that the process answers, and asks for no token.
// Whoever is turned away is counted and, within bounds, recorded in the journal.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "admin/api.hpp"
#include "crypto/digest.hpp"
#include "http/message.hpp"
#include "journal/journal.hpp"
#include "journal/stranger_records.hpp"
#include "telemetry/log.hpp"
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
  struct Parts {
    Api& api;
    const Operations& operations;
    journal::Journal& journal;
    const Clock& clock;
    crypto::Random& random;
    telemetry::Metrics& metrics;
    telemetry::Log& log;
  };
  explicit Doors(Parts parts);
  void set(std::shared_ptr<const NetworkRules> rules) { rules_ = std::move(rules); }

  Async<http::Response> from_socket(http::Request request);
  Async<http::Response> from_network(http::Request request);

 private:
  // Why somebody was turned away, as a label and a reason of the journal: see doors.cpp.
  enum class Refusal { User, Closed, Host, Origin, Token };
  static constexpr std::size_t refusals = 5;

  http::Response turn_away(const http::Request& request, Refusal why, const Error& error);
  Async<http::Response> answer(grants::Actor actor, http::Request request);
  Async<http::Response> readiness();

  Parts parts_;
  const std::array<telemetry::Counter, refusals> turned_away_;
  journal::StrangerRecords strangers_;
  std::shared_ptr<const NetworkRules> rules_;
};

}  // namespace hubward::admin
