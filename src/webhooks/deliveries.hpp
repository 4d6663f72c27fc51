// SPDX-License-Identifier: Apache-2.0
// All destinations: who gets what from now on, and what operators do about it. A resource of one loop.
//
// Errors: DESTINATION_UNKNOWN, DEAD_LETTER_UNKNOWN, and the store's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "webhooks/deliverer.hpp"
#include "webhooks/delivery_tables.hpp"

namespace hubward::webhooks {

class Deliveries {
 public:
  explicit Deliveries(Deliverer::Parts parts) : parts_(parts) {}
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  using Wanted = std::vector<std::shared_ptr<const Destination>>;
  // From now on events are meant for these. When it has begun, each starts anew with what it had under way
  // ended first, and what is gone ends; what waits for a destination that is gone stays in the store. One
  // that cannot be started goes on as it was, and is the error. One call at a time.
  Async<Result<void>> set(Wanted wanted);
  // Begins to deliver. Not in a process that only looks at the store.
  Async<Result<void>> begin();

  void wake();
  // Nothing more is begun, by none of them and by no reload. False when the deadline came before the last
  // attempt had ended.
  Async<bool> drain(Deadline deadline);

  struct View {
    DestinationName name;
    std::shared_ptr<const Destination> configured;  // null: only the store knows it still
    Deliverer::Facts facts;
    std::uint64_t waiting = 0, dead = 0;
  };
  Async<Result<std::vector<View>>> list() const;

  // Gauges of each destination that is running: hubward_deliveries_waiting, hubward_dead_letters, and
  // hubward_destination_state (0 delivering, 1 resting, 2 disabled). Counted to most_measured and no further,
  // so that a backlog of any length costs a look little.
  static constexpr std::int64_t most_measured = 100'000;
  Async<Result<void>> measure(telemetry::Metrics& metrics) const;

  struct DeadLetterView {
    DestinationName destination;
    tables::DeadLetter letter;
  };
  // Newest first.
  Async<Result<std::vector<DeadLetterView>>> dead(std::optional<DestinationName> destination,
                                                  std::optional<std::int64_t> before,
                                                  std::int64_t limit) const;

  // One dead letter, or all of a destination. How many there were.
  struct Choice {
    std::optional<std::int64_t> id;
    std::optional<DestinationName> destination;
  };
  Async<Result<std::uint64_t>> redrive(Choice choice);  // they wait again, under the ids that they had
  // Of a destination that is not configured any more also what waits for it.
  Async<Result<std::uint64_t>> discard(Choice choice);

  // Delivers once more, under new ids, what is kept and fits the question. How many events.
  Async<Result<std::uint64_t>> replay(DestinationName destination, tables::EventQuestion events);

  Async<Result<void>> enable(DestinationName destination);
  Async<Result<void>> disable(DestinationName destination, std::string cause);

 private:
  struct Known {
    std::int64_t number = 0;
    DestinationName name;
    std::string disabled_for;  // empty: it is not
  };
  Async<Result<std::vector<Known>>> known() const;
  Async<Result<Known>> find(DestinationName name) const;
  Async<Result<tables::DeadChoice>> read(Choice choice) const;
  Result<void> start(const std::shared_ptr<const Destination>& destination, const Known& known);
  Async<Result<void>> start_all();
  std::unique_ptr<Deliverer> take(const DestinationName& name);  // null: there is none
  Async<Result<void>> restart(DestinationName name);
  // Of a destination that the configuration does not have any more, until its attempts have ended: one that
  // comes back before that waits for them.
  Async<void> let_go(const Deliverer* leaving);
  const Deliverer* running(const DestinationName& name) const;
  // Steps over what is chosen of what is there now, a bounded number of rows in each transaction, while
  // `goes_on` holds.
  using Step = std::vector<store::Statement> (*)(const tables::DeadChoice&);
  Async<Result<std::uint64_t>> for_all(
      tables::DeadChoice chosen, Step step, std::function<bool()> goes_on = [] { return true; });
  Async<Result<std::uint64_t>> step_through(tables::DeadChoice chosen, Step step,
                                            std::function<bool()> goes_on);
  bool is_configured(const DestinationName& name) const;

  const Deliverer::Parts parts_;
  bool begun_ = false, stopping_ = false;
  std::vector<std::unique_ptr<Deliverer>> deliverers_, leaving_;
  Signal left_{parts_.loop};
  Wanted wanted_;
};

}  // namespace hubward::webhooks
