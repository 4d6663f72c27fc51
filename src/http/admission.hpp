// SPDX-License-Identifier: Apache-2.0
// Who may come in at a door, and when: how many connections one address may hold, and how fast TLS handshakes
// begin, from one address and from all together. A handshake is the dearest thing that a stranger can ask
// for; one that comes too early is given a later turn, and only when that would be too far off it is refused.
// So a fleet that comes back after a restart gets in, spread over some seconds, and a flood costs no more
// than its rate. Pure: time is told. One loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "http/address_key.hpp"
#include "http/expendable.hpp"

namespace hubward::http {

// So many a second, and at once as many as have not been used in the last `burst / per_second` seconds.
struct Rate {
  std::uint32_t per_second = 0;  // 0: no bound
  std::uint32_t burst = 1;       // at least 1
};

// The turns that a rate leaves: a token bucket that remembers one point in time, and what was given back.
class Turns {
 public:
  // When the next may begin.
  SteadyPoint next(Rate rate, SteadyPoint now) const;
  // The same, which is then taken; nothing when that is later than `latest`.
  std::optional<SteadyPoint> take(Rate rate, SteadyPoint now, SteadyPoint latest);
  // A turn that was taken and will not be used: the next who asks has it, unless its time has come already.
  void give_back(SteadyPoint turn, SteadyPoint now);
  // From then on it is as if none had ever been taken.
  SteadyPoint forgotten_at() const { return booked_; }

 private:
  // The first turn that was given back and has yet to come, when it is earlier than `fresh`.
  std::optional<SteadyPoint> returned_before(SteadyPoint fresh, SteadyPoint now) const;

  SteadyPoint booked_{};            // up to here all turns are taken,
  std::set<SteadyPoint> returned_;  // but for these
};

struct AdmissionLimits {
  std::size_t connections_per_address = 0;  // 0: no bound
  Rate handshakes;
  Rate handshakes_per_address;
  std::chrono::milliseconds longest_wait{5'000};  // for a turn
  // Addresses that many callers share: what is bounded for each address is not for them.
  std::function<bool(const std::string& address)> is_shared = {};
};

class Admission {
 public:
  enum class Refusal { AddressFull, HandshakeRate, AddressHandshakeRate };

  explicit Admission(AdmissionLimits limits) : limits_(std::move(limits)) {}

  // A connection that is let in holds its place while this lives. Movable; the Admission outlives it.
  class Place {
   public:
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          at_(other.at_),
          took_over_(other.took_over_),
          own_turn_(other.own_turn_),
          everyones_turn_(other.everyones_turn_) {}
    Place& operator=(Place&&) = delete;
    ~Place();
    // The connections of the same address that could go; null when it is shared.
    Expendable* neighbours() const { return admission_ != nullptr ? &at_->second.expendable : nullptr; }
    // Whether one of them went for this one.
    bool took_over() const { return took_over_; }

   private:
    friend class Admission;
    struct Neighbours {
      std::size_t connections = 0;
      Turns turns;
      Expendable expendable;
      bool leaving = false;  // stands in leaving_
    };
    using Book = std::map<AddressKey, Neighbours>;  // a tree: strangers cannot make its look-ups collide
    Place(Admission* admission, Book::iterator at) : admission_(admission), at_(at) {}
    Admission* admission_;  // null: of a shared address, or moved from
    Book::iterator at_;
    bool took_over_ = false;
    SteadyPoint own_turn_{}, everyones_turn_{};
  };

  // Of an address that has its share, one that could go makes room; it counts until its Place dies.
  std::expected<Place, Refusal> arrive(const std::string& address, SteadyPoint now);
  // When this connection's handshake may begin.
  std::expected<SteadyPoint, Refusal> turn(Place& place, SteadyPoint now);
  // It ended before that: others may have its turn.
  void give_back_turn(const Place& place, SteadyPoint now);
  // Addresses that are remembered, and how many entries say when to forget those that left.
  std::size_t addresses() const { return book_.size(); }
  std::size_t leaving() const { return leaving_.size(); }

 private:
  void leave(Place::Book::iterator at);
  void forget(SteadyPoint now);

  const AdmissionLimits limits_;
  Turns turns_;
  Place::Book book_;
  // Addresses that left before their turns were forgotten, by the time of that, about in its order; each of
  // them once. Not more than handshakes begin while an address's burst comes back.
  std::deque<std::pair<SteadyPoint, AddressKey>> leaving_;
};

}  // namespace hubward::http
