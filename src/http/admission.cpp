// SPDX-License-Identifier: Apache-2.0
#include "http/admission.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace hubward::http {

namespace {

constexpr std::uint64_t mapped = 0xffff'0000'0000;  // ::ffff:0:0/96

std::uint64_t number_of(const unsigned char* bytes, int count) {
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i) number = number << 8 | bytes[i];
  return number;
}

// Of a rate that is bounded.
SteadyPoint::duration gap_of(Rate rate) {
  SteadyPoint::duration second = std::chrono::seconds(1);
  return second / rate.per_second;
}

}  // namespace

AddressKey AddressKey::of(const std::string& address) {
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, address.c_str(), bytes) == 1) return {0, mapped | number_of(bytes, 4)};
  if (::inet_pton(AF_INET6, address.c_str(), bytes) != 1) return {0, 1};
  std::uint64_t network = number_of(bytes, 8);
  std::uint64_t host = number_of(bytes + 8, 8);
  bool is_v4 = network == 0 && host >> 32 == mapped >> 32;
  return is_v4 ? AddressKey{0, host} : AddressKey{network, 0};
}

std::optional<SteadyPoint> Turns::returned_before(SteadyPoint fresh, SteadyPoint now) const {
  auto first = returned_.lower_bound(now);
  if (first == returned_.end() || *first >= fresh) return std::nullopt;
  return *first;
}

SteadyPoint Turns::next(Rate rate, SteadyPoint now) const {
  if (rate.per_second == 0) return now;
  SteadyPoint fresh = std::max(now, booked_ - (rate.burst - 1) * gap_of(rate));
  return returned_before(fresh, now).value_or(fresh);
}

std::optional<SteadyPoint> Turns::take(Rate rate, SteadyPoint now, SteadyPoint latest) {
  SteadyPoint begins = next(rate, now);
  if (begins > latest) return std::nullopt;
  if (rate.per_second == 0) return begins;
  returned_.erase(returned_.begin(), returned_.lower_bound(now));
  if (returned_.erase(begins) == 0) booked_ = std::max(booked_, begins) + gap_of(rate);
  return begins;
}

void Turns::give_back(SteadyPoint turn, SteadyPoint now) {
  if (turn > now) returned_.insert(turn);
}

Admission::Place::~Place() {
  if (admission_ != nullptr) admission_->leave(at_);
}

std::expected<Admission::Place, Admission::Refusal> Admission::arrive(const std::string& address,
                                                                      SteadyPoint now) {
  if (limits_.is_shared && limits_.is_shared(address)) return Place(nullptr, {});
  auto at = book_.try_emplace(AddressKey::of(address)).first;
  bool full =
      limits_.connections_per_address > 0 && at->second.connections >= limits_.connections_per_address;
  if (full && !at->second.expendable.make_room(Expendable::Grace::Kept, now))
    return std::unexpected(Refusal::AddressFull);
  ++at->second.connections;
  Place place(this, at);
  place.took_over_ = full;
  return place;
}

std::expected<SteadyPoint, Admission::Refusal> Admission::turn(Place& place, SteadyPoint now) {
  forget(now);
  SteadyPoint latest = now + limits_.longest_wait;
  Turns* own = place.admission_ != nullptr ? &place.at_->second.turns : nullptr;
  // Looked at first: whoever is refused for everyone's sake has taken none of its own.
  if (own != nullptr && own->next(limits_.handshakes_per_address, now) > latest)
    return std::unexpected(Refusal::AddressHandshakeRate);
  auto everyones = turns_.take(limits_.handshakes, now, latest);
  if (!everyones) return std::unexpected(Refusal::HandshakeRate);
  place.everyones_turn_ = *everyones;
  if (own != nullptr) place.own_turn_ = *own->take(limits_.handshakes_per_address, now, latest);
  return std::max(place.own_turn_, place.everyones_turn_);
}

void Admission::give_back_turn(const Place& place, SteadyPoint now) {
  turns_.give_back(place.everyones_turn_, now);
  if (place.admission_ != nullptr) place.at_->second.turns.give_back(place.own_turn_, now);
}

void Admission::leave(Place::Book::iterator at) {
  Place::Neighbours& neighbours = at->second;
  if (--neighbours.connections > 0 || neighbours.leaving) return;
  bool clean = neighbours.turns.forgotten_at() == SteadyPoint{};
  if (clean) {
    book_.erase(at);
    return;
  }
  neighbours.leaving = true;
  leaving_.emplace_back(neighbours.turns.forgotten_at(), at->first);
}

// An address that came back meanwhile is listed again when it leaves, or now if it left again.
void Admission::forget(SteadyPoint now) {
  while (!leaving_.empty() && leaving_.front().first <= now) {
    auto found = book_.find(leaving_.front().second);
    leaving_.pop_front();
    Place::Neighbours& neighbours = found->second;
    neighbours.leaving = false;
    if (neighbours.connections > 0) continue;
    if (neighbours.turns.forgotten_at() <= now) {
      book_.erase(found);
      continue;
    }
    neighbours.leaving = true;
    leaving_.emplace_back(neighbours.turns.forgotten_at(), found->first);
  }
}

}  // namespace hubward::http
