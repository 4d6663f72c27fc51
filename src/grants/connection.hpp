// SPDX-License-Identifier: Apache-2.0
// What may be shown of a connection: never a secret. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/named.hpp"

namespace hubward::grants {

// The first three rest in the store under their numbers. Connected: its token works. Failing: a renewal is in
// trouble and is tried again. Dead: HubSpot said so of the newest stored token; it needs to be connected
// again. Expiring and refreshing are moments of a connected one (connection_life.hpp); a disconnected one is
// remembered for a while.
enum class ConnectionState { Connected, Failing, Dead, Expiring, Refreshing, Disconnected };
std::string_view to_text(ConnectionState state);  // "connected"

// Which secret stands behind it.
enum class GrantKind { Oauth, Static };
std::string_view to_text(GrantKind kind);  // "oauth", "static"

// Why a renewal did not work or the connection cannot be used, and what a person should do.
struct LastTrouble {
  TimePoint at;
  std::string cause;  // "HubSpot answered 503"
  std::string next_step;
};

struct ConnectionView {
  ConnectionName name;
  AppName app;
  GrantKind kind = GrantKind::Oauth;
  HubId hub_id;
  std::string region;  // "na1"; empty when HubSpot named none
  ConnectionState state = ConnectionState::Connected;
  std::vector<std::string> scopes;
  std::vector<std::string> missing_scopes;  // of those that its app requires; only where it is shown
  std::uint64_t generation = 0;
  TimePoint connected_at;
  TimePoint renewed_at;                 // when the present token was obtained
  std::optional<TimePoint> expires_at;  // none for static tokens
  std::optional<LastTrouble> last_trouble;
};

// 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit: it stands in addresses.
bool is_connection_name(std::string_view text);

// Who asked for a change, for the journal: "uid 0", "operator".
using Actor = Named<struct ActorTag>;

}  // namespace hubward::grants
