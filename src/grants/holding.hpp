// SPDX-License-Identifier: Apache-2.0
// One connection in memory: its present access token in locked memory, what is known of it, and who waits for
// a newer one. Any thread; a lock is held for moments, never across a suspension.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/secret.hpp"
#include "grants/connection.hpp"
#include "grants/connection_life.hpp"
#include "grants/refresh_plan.hpp"

namespace hubward::grants {

// Calls that may wait for one token at once; more are told to come later.
constexpr std::size_t most_waiters = 10'000;
// Some calls are answered with 401 whatever the token: they do not make us ask about the grant each time.
constexpr std::chrono::milliseconds between_suspicions = std::chrono::minutes(5);

class Holding {
 public:
  Holding(ConnectionView view, Secret access_token, GrantFacts facts);

  const ConnectionName name;
  const GrantKind kind;
  const HubId account;

  // What a call gets: a token, a signal that is notified when something changed, or the reason there is none.
  struct Ready {
    Secret bearer;
    std::uint64_t generation = 0;
  };
  struct Waiting {
    std::shared_ptr<Signal> changed;
  };
  using Answer = std::variant<Ready, Waiting, Error>;
  // `deadline` is the real clock's, `now` the gateway's: they differ in tests only.
  Answer take(Loop& here, SteadyPoint now, Deadline deadline);
  // Notified at the next change, whatever it is.
  std::shared_ptr<Signal> watch(Loop& here);
  void stop_waiting(const std::shared_ptr<Signal>& changed);

  // HubSpot called the token of this generation expired. Nothing, when there is a newer one by now.
  void reject(std::uint64_t generation);
  // HubSpot refused the token of this generation for another reason. True when that is a reason to ask
  // whether the grant lives: not of a static token, nor of one that is asked about or dead already, nor
  // within between_suspicions of the last time.
  bool suspect(std::uint64_t generation, SteadyPoint now);
  // The present token, for a question to HubSpot; nothing when it has expired.
  std::optional<Secret> living_token(SteadyPoint now) const;

  // How often a token of one generation was handed out since the last time this was asked, and when last.
  struct Uses {
    std::uint64_t generation = 0, count = 0;
    SteadyPoint last{};
  };
  std::vector<Uses> take_uses();

  ConnectionView view() const;  // its state is the settled one
  GrantFacts facts() const;
  // The state at this moment (connection_life.hpp).
  ConnectionState state(AppKnown app, SteadyPoint now) const;

  // --- By the renewal, on the home loop ---
  void begin_renewal(SteadyPoint now);
  // Shows what a renewal is struggling with, which goes on.
  void show(LastTrouble trouble);
  // What the store knows by now of a static token of this generation; changes nothing for calls.
  void show_token(std::uint64_t generation, std::shared_ptr<const StaticTokenView> token);
  // Each ends a renewal, if one is under way, and wakes whoever waits.
  void replace(ConnectionView view, Secret access_token, GrantFacts facts);
  struct Failure {
    WithoutToken how = WithoutToken::Trouble;
    LastTrouble trouble;
    std::chrono::milliseconds at_least{0};
  };
  void fail(Failure failure, SteadyPoint now, double jitter);
  // Tells the reason of a death that is known by now. A token that HubSpot refuses is not used any more.
  void explain_death(LastTrouble reason, bool token_refused);
  void remove();

  // The state that the journal was told last. The home loop.
  ConnectionState recorded = ConnectionState::Connected;

 private:
  struct Waiter {
    Loop* loop;
    std::shared_ptr<Signal> changed;
  };
  Error unavailable() const;
  void wake_all();

  mutable std::mutex mutex_;
  // Under the lock.
  ConnectionView view_;
  Secret access_token_;
  GrantFacts facts_;
  bool removed_ = false;
  std::optional<SteadyPoint> suspected_;
  std::vector<Uses> uses_;  // of a static token; the present generation last
  std::vector<Waiter> waiters_;
};

}  // namespace hubward::grants
