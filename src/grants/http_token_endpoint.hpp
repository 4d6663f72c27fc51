// SPDX-License-Identifier: Apache-2.0
// HubSpot over HTTPS: each call goes to the API host of its app and to nowhere else. Answers are read
// straight into locked memory, at most oauth_answer_limit bytes, whole by the deadline of the call. One loop,
// that of the clients.
#pragma once

#include <functional>

#include "grants/token_endpoint.hpp"
#include "http/client.hpp"

namespace hubward::grants {

class HttpTokenEndpoint final : public TokenEndpoint {
 public:
  // The client that trusts whom this app trusts; valid for as long as the endpoint.
  using ClientFor = std::function<Result<http::Client*>(const App&)>;
  explicit HttpTokenEndpoint(ClientFor client_for) : client_for_(std::move(client_for)) {}

  Async<Result<hubspot::OauthAnswer>> ask(AppSnapshot app, hubspot::OauthCall call,
                                          Deadline deadline) override;

 private:
  ClientFor client_for_;
};

}  // namespace hubward::grants
