// SPDX-License-Identifier: Apache-2.0
// One renewal of one grant, from the decision that it is due to its end: the refresh protocol
// (docs/refresh.md) as a state machine without I/O. The flight says what to do next; whoever drives it does
// that, and tells it what came of it. The gateway drives it with the real store, leases and HubSpot
// (renewal.cpp), the simulation with invented ones (tests/simulation/), both the same code.
//
//   look → take the lease → look again → ask HubSpot → keep what it gave → end
//
// What holds, whatever happens in between, over any number of processes with one store:
//   - HubSpot is asked only under a lease that is surely held, with the token that is the newest stored then;
//   - what HubSpot gave is kept by compare-and-set on the generation it was asked with, and used only once it
//   is kept;
//   - it is offered to the store until the store has it or has something newer: it may hold the only good
//   token;
//   - a grant is called dead only on HubSpot's word about the newest stored token, after looking again, and
//   only
//     while nobody else may still be bringing a newer one.
//
// A flight knows generations, not tokens: those stay with the driver, which remembers the row it looked at
// last and what HubSpot gave. Times are steady. Pure; a value of one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/clock.hpp"

namespace hubward::grants::flight {

// How often a lease that somebody else holds is looked at.
constexpr std::chrono::milliseconds held_poll{250};
// What HubSpot gave and the store did not take is offered to it again: after the first wait, then twice as
// long each time up to the last, until it is taken.
constexpr std::chrono::milliseconds first_keep_wait{200};
constexpr std::chrono::milliseconds last_keep_wait = std::chrono::seconds(5);
// When somebody else may hold a newer token that is not stored yet, HubSpot's verdict must stand for so long.
constexpr std::chrono::milliseconds doubt_time = std::chrono::minutes(10);

// Why it did not work, for a person; and how long to wait at least, besides the ordinary back-off.
struct Trouble {
  std::string cause;
  std::string next_step;
  std::chrono::milliseconds at_least{0};
};

// --- What to do next ---

struct Look {};       // read the grant as it is stored
struct TakeLease {};  // give back what is held, if anything, and take the lease
struct Ask {};        // ask HubSpot, with the refresh token of the row last looked at
// Store what HubSpot gave, in place of exactly this generation. `after` is why it did not work the last time.
struct Keep {
  std::uint64_t in_place_of = 0;
  std::optional<Trouble> after = {};
};
struct CallDead {  // store the verdict, if the grant still has this generation
  std::uint64_t generation = 0;
};
struct Sleep {
  SteadyPoint until;
};

struct Renewed {};                 // use what was kept
struct Newer {};                   // use the row last looked at: somebody else stored it
struct Gone {};                    // there is no such connection any more
struct Dead {                      // use nothing: HubSpot's verdict stands, and is stored
  std::optional<Trouble> verdict;  // none: found so in the row last looked at
};
// HubSpot calls the token dead, but somebody may be bringing a newer one, or the app itself is in doubt.
struct Doubted {
  Trouble trouble;
};
using Outcome = std::variant<Renewed, Newer, Gone, Dead, Doubted, Trouble>;
// Put the outcome to use, then give the lease back if one is held: settled when nothing is left open. What
// somebody else stored settles nothing: the work that was left open may already be that on the newer
// generation.
struct End {
  Outcome outcome;
  bool settled = false;
};

using Action = std::variant<Look, TakeLease, Ask, Keep, CallDead, Sleep, End>;

// --- What came of it ---

struct Stored {
  std::uint64_t generation = 0;
  bool dead = false;
  std::optional<Trouble> obstacle = {};  // why HubSpot cannot be asked with it
};
struct Seen {  // of Look; no grant: the connection is gone
  std::optional<Stored> stored;
};
struct Taken {  // of TakeLease
  bool left_open = false;
};
struct Held {};     // of TakeLease: by somebody else
struct Granted {};  // of Ask
// Of Ask: HubSpot calls the refresh token dead. `app_in_doubt` when it says so of many of this app.
struct Refused {
  Trouble verdict;
  bool app_in_doubt = false;
};
struct Done {};          // of Keep, CallDead, Sleep
struct Outpaced {};      // of Keep, CallDead: the grant is no longer of that generation
using Failed = Trouble;  // of any: the store, the lease, the vault, the network or HubSpot did not do it
using Event = std::variant<Seen, Taken, Held, Granted, Refused, Done, Outpaced, Failed>;

// What is known when a flight begins.
struct Start {
  std::uint64_t generation = 0;  // in use here
  bool probe = false;            // ask although the grant is stored as dead
  std::optional<SteadyPoint> doubted_since = {};
  std::optional<std::chrono::milliseconds> lease_life = {};  // none: it needs no renewing
};

class RefreshFlight {
 public:
  explicit RefreshFlight(Start start) : start_(start) {}

  Action begin(SteadyPoint now);
  // What came of the action given last.
  Action on(Event event, SteadyPoint now);

  // --- The lease, beside the action: one renewal at a time ---

  // When to renew it; nothing while none is held or needs it.
  std::optional<SteadyPoint> lease_due() const;
  void lease_renewed(SteadyPoint sent);
  void lease_not_renewed(SteadyPoint now);  // trouble; still held as far as is known
  void lease_lost();

 private:
  // What the last action was for.
  enum class Purpose {
    FirstLook,
    Lease,
    LookUnderLease,
    Ask,
    Keep,
    LookAfterKeep,
    LookAfterVerdict,
    CallDead,
    PollWait,
    KeepWait
  };

  Action looked(const Seen& seen, SteadyPoint now);
  Action looked_before_asking(const Stored& stored, SteadyPoint now);
  Action end_at_newer(const Stored& stored);
  Action looked_after_verdict(const Stored& stored, SteadyPoint now);
  Action take_lease(SteadyPoint now);
  Action keep();
  Action failed(Trouble trouble, SteadyPoint now);
  Action next(Purpose purpose, Action action);
  bool surely_holds(SteadyPoint now) const;
  static Action end(Outcome outcome, bool settled);

  const Start start_;
  Purpose purpose_ = Purpose::FirstLook;
  std::uint64_t asked_with_ = 0;  // the generation
  std::optional<Trouble> verdict_;
  std::chrono::milliseconds keep_wait_ = first_keep_wait;
  std::optional<Trouble> keep_trouble_;

  // The lease.
  bool holds_ = false;
  bool others_may_be_at_work_ = false;
  SteadyPoint sent_{};  // of the last taking or renewal that worked
  SteadyPoint renew_at_{};
};

}  // namespace hubward::grants::flight
