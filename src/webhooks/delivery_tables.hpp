// SPDX-License-Identifier: Apache-2.0
// The statements on inbox_deliveries (docs/formats/inbox.md). Statements and rows are values; nothing here
// waits.
//
// Ids only grow, and whatever is to be delivered (anew) gets a new row: so whoever has seen every row up to
// an id need only look behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "store/database.hpp"
#include "webhooks/event_facts.hpp"
#include "webhooks/tables.hpp"

namespace hubward::webhooks::tables {

// --- Delivering ---

// Id and lane of what waits for the destination among the `limit` deliveries, of any destination, behind
// `after`, oldest first. Then one row more: the last id among those (null: there is none), and how many there
// were. So a look costs the same however much waits, and for whom.
store::Statement select_waiting(std::int64_t destination, std::int64_t after, std::int64_t limit);

// The next delivery of a lane, with its event.
struct Head {
  std::int64_t id = 0;
  std::int64_t round = 0;  // 0, or the number of the replay that made it
  std::uint32_t attempts = 0;
  std::optional<TimePoint> first;  // when the first attempt began
  TimePoint next{};
  EventFacts event;
  Bytes sealed;
};
store::Statement select_head(std::int64_t destination, std::int64_t lane);
Head head_from(const store::Row& row);

store::Statement delete_delivery(std::int64_t id);
store::Statement postpone(std::int64_t id, std::uint32_t attempts, TimePoint first, TimePoint next,
                          const std::string& cause);
store::Statement bury(std::int64_t id, std::uint32_t attempts, TimePoint first, const std::string& cause);

store::Statement disable(std::int64_t destination, TimePoint when, const std::string& cause);
store::Statement enable(std::int64_t destination);

// --- For operators ---

store::Statement count_deliveries();
// Of one destination, each counted to `most` and no further: how many wait, how many are dead.
store::Statement count_deliveries_of(std::int64_t destination,
                                     std::int64_t most);  // destination, state, how many

struct DeadLetter {
  std::int64_t id = 0;
  std::int64_t destination = 0;
  std::uint32_t attempts = 0;
  TimePoint first{};
  std::string cause;
  EventFacts event;
};
// Newest first; `before` an id.
store::Statement select_dead(std::optional<std::int64_t> destination, std::optional<std::int64_t> before,
                             std::int64_t limit);
DeadLetter dead_from(const store::Row& row);

// Which dead letters: one, or the oldest `limit` of a destination.
struct DeadChoice {
  std::optional<std::int64_t> id;
  std::optional<std::int64_t> destination;
  bool waiting_too = false;            // what still waits counts like a dead letter
  std::optional<std::int64_t> newest;  // none of a higher number
  std::int64_t limit = 1000;
};
store::Statement select_newest_delivery();              // one row: the highest number, or 0
store::Statement count_dead(const DeadChoice& choice);  // one row: how many of them there are
// Each waits again, under the identity that it had. In one transaction.
std::vector<store::Statement> redrive(const DeadChoice& choice);
store::Statement discard(const DeadChoice& choice);

// Events to be delivered once more: those that fit, of ids from `after` on, the oldest `limit` of them.
// `round` must be the number that begin_replay gave.
struct ReplayChoice {
  std::int64_t destination = 0;
  EventQuestion events;  // all of it but limit and payload
  std::int64_t after = 0;
  std::int64_t limit = 1000;
};
store::Statement begin_replay();
store::Statement select_replay();  // one row: the number of the newest replay
// Id of the last event of the step, and how many it has; nothing fits: null and 0.
store::Statement select_replay_step(const ReplayChoice& choice);
store::Statement insert_replay_step(const ReplayChoice& choice, std::int64_t round);

}  // namespace hubward::webhooks::tables
