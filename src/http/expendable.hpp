// SPDX-License-Identifier: Apache-2.0
// Connections that could be closed without harm to a request, for when a door is full, or one address has its
// share: whoever has had its chance and made nothing of it goes first, then whoever was served and pauses.
// One that has just come is given time to ask: else those who were served once could keep everybody else out.
// A resource of one loop; time is told. For http/ only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <utility>

#include "core/clock.hpp"

namespace hubward::http {

class Expendable {
 public:
  // Long enough for a handshake and a request over a slow line.
  static constexpr std::chrono::milliseconds grace_time{1'500};

  enum class As : std::uint8_t {
    Newcomer,  // owes us its first request; expendable once its grace is over
    Unproven,  // was answered with errors only, or sends what nobody wants
    Idle,      // was served, and pauses
  };

  // A connection's own seat; it stands in a line or in none. Dies before the Expendable.
  class Seat {
   public:
    // `give_way` ends the connection; it leaves this seat.
    Seat(Expendable& of, std::function<void()> give_way)
        : of_(of), give_way_(std::move(give_way)), own_{this}, node_(own_.begin()) {}
    ~Seat() { leave(); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    // At the end of that line; one that stands there already keeps its place.
    void stand(As as, SteadyPoint now);
    void leave();

   private:
    friend class Expendable;
    Expendable& of_;
    const std::function<void()> give_way_;
    std::list<Seat*> own_;  // one node, spliced to and fro: no allocation on the way of a request
    std::list<Seat*>::iterator node_;
    std::list<Seat*>* line_ = nullptr;
    SteadyPoint since_{};
  };

  // What becomes of grace when nobody else could go.
  enum class Grace : std::uint8_t {
    Kept,  // it holds
    Bent,  // newcomers give way to each other rather than throw out more of those that were served than they
           // are
  };
  // Lets the first one go; false when nobody can.
  bool make_room(Grace grace, SteadyPoint now);

 private:
  std::list<Seat*>& line(As as) { return lines_[static_cast<std::size_t>(as)]; }
  Seat* first(Grace grace, SteadyPoint now);
  Seat* overdue(SteadyPoint now);

  std::array<std::list<Seat*>, 3> lines_;  // by As; who has stood longest is first
};

}  // namespace hubward::http
