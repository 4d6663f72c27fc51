// SPDX-License-Identifier: Apache-2.0
// When a grant is renewed, what a call gets meanwhile, and what HubSpot's answer means: decisions without
// I/O, so that they can be read and tested as tables. Times are steady, so that a clock that jumps cannot
// expire or revive a token; `jitter` is a random number from 0 (inclusive) to 1 (exclusive). Pure; any
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "core/clock.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::grants {

// HubSpot's tokens live 30 minutes; a tenth as long or shorter ones (a simulator's) keep the same proportion.
constexpr std::chrono::milliseconds longest_lead = std::chrono::minutes(5);
constexpr int lead_part = 6;  // or a sixth of the life
// A token is not sent any more when it has less than this left, since the call takes a while to arrive.
constexpr std::chrono::milliseconds longest_margin = std::chrono::seconds(5);
constexpr int margin_part = 60;
// After the first failed renewal, doubled with each further one, up to the last.
constexpr std::chrono::milliseconds first_back_off{500};
constexpr std::chrono::milliseconds last_back_off = std::chrono::minutes(1);
// Only a person can mend these (a wrong client secret): asked again now and then, in case somebody did.
constexpr std::chrono::milliseconds configuration_back_off = std::chrono::minutes(1);
// HubSpot names up to a day (status 477, hubspot.md section 5.6).
constexpr std::chrono::seconds longest_retry_after = std::chrono::hours(24);
// HubSpot may call token after token expired (a fault of its own): no two renewals begin closer than this.
constexpr std::chrono::milliseconds between_renewals = std::chrono::seconds(1);
// How often, at most, HubSpot is asked about a static token of which there is nothing to ask.
constexpr std::chrono::milliseconds static_check_interval = std::chrono::hours(24);

// And while a newer one waits to take over.
constexpr std::chrono::milliseconds waiting_check_interval = std::chrono::seconds(15);

struct TokenLife {
  SteadyPoint obtained;
  SteadyPoint expires;
  bool operator==(const TokenLife&) const = default;
};

// The life of a stored token, whose times are of some process's wall clock. What our wall clock says of its
// age is believed where it can be: the token cannot be from the future, nor be older than the moment `since`
// at which its predecessor was still the newest one stored (nothing, when this process just started), but for
// the time a renewal takes. Otherwise a clock has jumped, and the token counts as new: HubSpot says so if it
// is not.
constexpr std::chrono::milliseconds renewal_slack = std::chrono::minutes(1);
struct StoredLife {
  TimePoint obtained;
  TimePoint expires;
};
TokenLife life_from(StoredLife stored, TimePoint now, SteadyPoint steady, std::optional<SteadyPoint> since);

// When to renew ahead of time: one lead before expiry, or earlier by chance, up to one lead for each whole
// number in `jitter` (from 0 to widest_jitter), so that many connections made at once spread out.
constexpr double widest_jitter = 4;
SteadyPoint renewal_time(TokenLife life, double jitter);
// Until when a token is sent.
SteadyPoint last_use(TokenLife life);

// How long to wait after the n-th failure in a row (n from 1): half of it sure, half by chance.
std::chrono::milliseconds back_off(unsigned failures, double jitter);

// What is known of a grant at one moment.
struct GrantFacts {
  std::optional<TokenLife> life = {};          // none: a static token
  SteadyPoint renew_at{};                      // renewal_time(), drawn once per token
  std::optional<SteadyPoint> since = {};       // when it was the newest one stored, as far as was seen
  bool rejected = false;                       // HubSpot called this very token expired
  bool dead = false;                           // HubSpot's verdict about the refresh token
  bool in_flight = false;                      // a renewal is under way
  std::optional<SteadyPoint> last_start = {};  // of a renewal
  std::optional<SteadyPoint> not_before = {};  // back-off after trouble
  unsigned failures = 0;                       // renewals that failed in a row
  // HubSpot calls the refresh token dead since, but somebody may be bringing a newer one
  // (refresh_flight.hpp). What it said while the app itself was in doubt does not count.
  std::optional<SteadyPoint> doubted_since = {};
  // Of a static token: when HubSpot is asked next what it thinks of it, which is what its renewal consists
  // of.
  std::optional<SteadyPoint> check_at = {};
};

// What a call gets.
enum class ForCall { Use, Wait, Dead, Refused };
ForCall for_call(const GrantFacts& facts, SteadyPoint now);

// When the next renewal begins; nothing while one is under way or none can help. A time that has passed means
// now.
std::optional<SteadyPoint> next_renewal(const GrantFacts& facts);

// The facts of a token that just came, by renewal or otherwise; `before` are those of the one it replaces.
GrantFacts facts_of_new(std::optional<TokenLife> life, SteadyPoint now, double jitter,
                        const GrantFacts& before);
void renewal_began(GrantFacts& facts, SteadyPoint now);
// How a renewal ended that brought no token. Doubted: HubSpot's verdict is not final yet, since somebody may
// be bringing a newer token. AppDoubted: it is not, since HubSpot says so of many of the app's grants at once
// (app_doubt.hpp).
enum class WithoutToken { Trouble, Doubted, AppDoubted, Dead };
void renewal_failed(GrantFacts& facts, WithoutToken how, std::chrono::milliseconds at_least, SteadyPoint now,
                    double jitter);

// What HubSpot's answer to a refresh means.
struct Verdict {
  enum class Kind { Renewed, DeadToken, Trouble } kind = Kind::Trouble;
  std::string cause;
  std::string next_step;
  // Besides the ordinary back-off.
  std::chrono::milliseconds at_least{0};
};
Verdict verdict_on(const hubspot::OauthOutcome<hubspot::Granted>& outcome);

}  // namespace hubward::grants
