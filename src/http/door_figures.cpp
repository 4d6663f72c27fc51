// SPDX-License-Identifier: Apache-2.0
#include "http/door_figures.hpp"

#include <utility>

namespace hubward::http {

namespace {

// In the order of Cut.
constexpr std::array<std::string_view, 10> names = {
    "door_full", "address_full",     "handshake_rate", "address_handshake_rate",
    "gave_way",  "handshake_failed", "handshake_slow", "head_slow",
    "body_slow", "reader_slow"};

}  // namespace

DoorFigures::DoorFigures(std::string door, const Clock& clock, telemetry::Metrics& metrics,
                         telemetry::Log& log)
    : door_(std::move(door)),
      clock_(clock),
      log_(log),
      open_(metrics.gauge("hubward_door_connections", "Connections open, by door", {{"door", door_}})),
      handshakes_(metrics.counter("hubward_door_handshakes_total", "TLS handshakes finished, by door",
                                  {{"door", door_}})),
      delayed_(metrics.counter("hubward_door_handshakes_delayed_total",
                               "TLS handshakes that waited for their turn, by door", {{"door", door_}})) {
  static_assert(names.size() == reasons);
  for (std::string_view name : names)
    cut_.push_back(metrics.counter("hubward_door_cuts_total",
                                   "Connections that a bound of the door ended, by door and reason",
                                   {{"door", door_}, {"reason", std::string(name)}}));
}

void DoorFigures::cut(Cut why) {
  auto index = static_cast<std::size_t>(why);
  cut_[index].add();
  if (index >= logged_reasons) return;
  ++unsaid_[index];
  if (said_ == SteadyPoint{} || clock_.steady() - said_ >= log_interval) say();
}

void DoorFigures::say() {
  said_ = clock_.steady();
  std::array<std::uint64_t, logged_reasons> since = std::exchange(unsaid_, {});
  log_.warning("door.bounds",
               {{"door", door_},
                {names[0], since[0]},
                {names[1], since[1]},
                {names[2], since[2]},
                {names[3], since[3]},
                {names[4], since[4]},
                {"next_step", "see hubward_door_cuts_total and [limits] in the configuration"}});
}

}  // namespace hubward::http
