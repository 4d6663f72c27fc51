// SPDX-License-Identifier: Apache-2.0
// Delivers to one destination what the inbox holds for it: at least once, the events of a lane one after the
// other in the order in which they occurred, lanes side by side. Of a lane only its next delivery is ever in
// memory, so that a backlog of any length costs disk and no memory; a lane that waits for its next attempt
// holds up nobody else. When to try again, when to give up and when to leave the destination alone is decided
// in delivery_plan.hpp and circuit_breaker.hpp.
//
// A crash between the destination's 2xx and our commit delivers that event once more, under the same
// webhook-id.
//
// A resource of one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "core/secret.hpp"
#include "crypto/hmac_key.hpp"
#include "crypto/random.hpp"
#include "http/client.hpp"
#include "journal/journal.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "webhooks/destination.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::webhooks {

// A destination as it is configured. Immutable.
struct Destination {
  DestinationName name;
  http::Origin origin;
  std::string target = "/";                // path and query
  std::vector<crypto::HmacKey> keys = {};  // the current one first
  std::optional<Secret> bearer = {};
  Filter filter = {};
  unsigned concurrency = 10;
  std::chrono::milliseconds timeout{10'000};  // for an attempt as a whole
  http::ClientOptions client = {};            // whom to trust, which addresses may be called
};

// The same for every attempt at a delivery; another for each destination, and for each replay.
std::string delivery_id(const EventFacts& event, const DestinationName& destination, std::int64_t round);

class Deliverer {
 public:
  // Everything outlives the Deliverer, and the loop stops before anything of it goes.
  struct Parts {
    Loop& loop;
    const Clock& clock;
    Inbox& inbox;
    crypto::Random& random;
    telemetry::Metrics& metrics;
    telemetry::Log& log;
    journal::Journal& journal;
  };
  // Begins to deliver once `before`, which did so until now, has ended what it had under way; null: at once.
  // `before` is taken over, unless this fails. `disabled_for`: why it must not deliver; empty: it may.
  static Result<std::unique_ptr<Deliverer>> start(Parts parts, std::shared_ptr<const Destination> destination,
                                                  std::int64_t number, std::string disabled_for,
                                                  std::unique_ptr<Deliverer>& before);
  // Drained before, or the loop has stopped: attempts under way use what goes now.
  ~Deliverer();

  const Destination& destination() const;
  std::int64_t number() const;

  // There may be something new, or time has passed.
  void wake();
  // Nothing more is begun.
  void stop();
  // The same. Resumes when what was under way has ended, or at the deadline with false.
  Async<bool> drain(Deadline deadline);

  struct Facts {
    enum class State : unsigned char { Delivering, Resting, Disabled } state = State::Delivering;
    std::string cause;  // of the last failure, or why it is disabled
    std::optional<TimePoint> failed_at, delivered_at;
    std::size_t in_flight = 0, lanes = 0;
    std::uint64_t delivered = 0, failed = 0, dead = 0;  // since the start
  };
  Facts facts() const;

  // Lanes in memory at once, those that wait for an attempt included.
  static constexpr std::size_t most_lanes = 50'000;

 private:
  struct State;
  Deliverer(std::shared_ptr<State> state, std::unique_ptr<http::Client> client);
  std::shared_ptr<State> state_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace hubward::webhooks
