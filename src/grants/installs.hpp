// SPDX-License-Identifier: Apache-2.0
// Connecting an account through HubSpot's consent page, in three steps:
//
//   invite    an operator asks for a ticket: one name, one app, perhaps one account; shown once, stored
//   hashed install   GET /oauth/<app>/install?invite=…     the browser gets a cookie and goes to HubSpot
//   callback  GET /oauth/<app>/callback?code=&state= back from HubSpot: exchange, introspect, pin, seal, keep
//
// An app with open_installs may also be connected without an invite, as HubSpot's marketplace has it: whoever
// comes without one, or back from HubSpot without a state, is asked whether that is what they want, and then
// sent to HubSpot with a state of ours. A code that came without our state is never used: somebody else could
// have sent it. The connection is a new one, named after app and account, and never replaces another.
//
// The state is one-time, bound to that browser by a __Host- cookie of its own name, and lives ten minutes.
// The redirect address comes from the configuration, never from a Host header. Connection, grant and data key
// are one transaction: a crash at any moment leaves all of it or nothing. Belongs to the loop of its Grants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "grants/grants.hpp"
#include "http/message.hpp"

namespace hubward::grants {

struct InviteOrder {
  ConnectionName connection;
  AppName app;
  std::optional<HubId> account;              // only this account may answer it
  std::optional<std::chrono::seconds> life;  // instead of Settings::invite_life
};
struct Invite {
  std::string address;  // holds the ticket: shown once, to whoever may connect the account
  TimePoint expires_at;
};

class Installs {
 public:
  explicit Installs(Grants& grants);  // outlives the Installs

  // Refused when the name is taken by an account other than `account`, or by another app. For a name that is
  // connected already it renews the grant in place; the account stays pinned.
  Async<Result<Invite>> invite(InviteOrder order, Actor actor);

  // Answers /oauth/<app>/install and /oauth/<app>/callback with a page or a redirect; anything else with 404.
  Async<http::Response> answer(http::Request request);

 private:
  class Door;
  Grants& grants_;
};

}  // namespace hubward::grants
