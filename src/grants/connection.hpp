// SPDX-License-Identifier: Apache-2.0
// What may be shown of a connection: never a secret. Values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/named.hpp"
#include "grants/token_calendar.hpp"

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

// What is known of a private-app token or service key, besides its scopes.
struct StaticTokenView {
  TokenBirth birth;
  std::optional<std::uint64_t> user_id, app_id;  // whose it is, as HubSpot said when it was asked last
  std::optional<TimePoint> used_at;              // by a call of any gateway process, to the minute
  // HubSpot said USER_DOES_NOT_HAVE_PERMISSIONS: the owner was probably removed from the account.
  std::optional<TimePoint> owner_missing_at;
  // A newer token that waits for HubSpot's word before it takes over.
  struct Next {
    TokenBirth birth;
    TimePoint added_at;
    std::string trouble;  // why it has not taken over yet
  };
  std::optional<Next> next;
  // The token before this one, kept until the rotation is finished or HubSpot's overlap is over.
  struct Previous {
    TokenBirth birth;
    TimePoint switched_at;
    TimePoint ends_at;
    std::uint64_t uses = 0;  // calls since the switch, to the minute
    std::optional<TimePoint> used_at;
  };
  std::optional<Previous> previous;
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
  std::shared_ptr<const StaticTokenView> token;  // of a static token; null for an OAuth grant
};

// 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit: it stands in addresses.
bool is_connection_name(std::string_view text);

// Who asked for a change, for the journal: "uid 0", "operator".
using Actor = Named<struct ActorTag>;

}  // namespace hubward::grants
