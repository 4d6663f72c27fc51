// SPDX-License-Identifier: Apache-2.0
// Whose call goes next. Start-time fair queueing on two levels: the classes share what there is 16 : 4 : 1,
// so that none starves; within a class each client has its share by weight. Who used less than its share
// earlier has no credit, and who comes back at once has not lost its debt. Calls of one client in one class
// go in the order in which they came. Pure; one loop. Bounded by whoever pushes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hubward::pacing {

enum class Priority : std::uint8_t { Interactive, Normal, Bulk };
constexpr std::size_t priorities = 3;
constexpr std::array<std::uint32_t, priorities> class_shares = {16, 4, 1};
std::string_view to_text(Priority priority);  // "interactive"
std::optional<Priority> read_priority(std::string_view text);

constexpr std::uint32_t most_weight = 100;

// Who wants to go.
struct Claim {
  std::string_view client;
  Priority priority = Priority::Normal;
  std::uint32_t weight = 1;  // 1 to most_weight
};

class FairQueue {
 public:
  using Number = std::uint64_t;  // of one call; whoever pushes makes them, and none twice

  void push(Number number, const Claim& claim);
  Number pop();  // not when empty
  bool remove(Number number);
  std::size_t size() const { return flow_of_.size(); }
  bool has(const Claim& claim) const;  // whether a call of it waits
  bool empty() const { return flow_of_.empty(); }

  // How many calls go before one of this claim that comes now, when everybody who waits now goes on having
  // calls that wait, and nobody else comes: so it may be fewer, and is more only for newcomers.
  std::size_t ahead_of(const Claim& claim) const;

 private:
  using Ticks = std::uint64_t;  // of virtual time

  // The calls of one client in one class.
  struct Flow {
    Priority priority;
    Ticks start = 0;  // virtual time of its next call
    Ticks step = 1;   // what a call costs it
    std::deque<Number> waiting;
  };
  struct Class {
    Ticks start = 0, now = 0;  // among the classes; among its own flows
    std::size_t waiting = 0;
    std::map<std::string, Flow, std::less<>> flows;
  };
  static std::size_t calls_before(Ticks start, Ticks step, Ticks turn, bool stands_first);
  Class& of(Priority priority) { return classes_[static_cast<std::size_t>(priority)]; }
  const Class& of(Priority priority) const { return classes_[static_cast<std::size_t>(priority)]; }
  static void forget_past(Class& one);

  std::array<Class, priorities> classes_;
  Ticks now_ = 0;
  std::unordered_map<Number, Flow*> flow_of_;
};

}  // namespace hubward::pacing
