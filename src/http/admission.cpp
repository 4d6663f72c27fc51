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

std::optional<SteadyPoint> Turns::take(Rate rate, SteadyPoint now, SteadyPoint latest) {
  if (rate.per_second == 0) return now;
  SteadyPoint::duration gap = std::chrono::seconds(1);
  gap /= rate.per_second;
  SteadyPoint begins = std::max(now, booked_ - (rate.burst - 1) * gap);
  if (begins > latest) return std::nullopt;
  booked_ = std::max(booked_, begins) + gap;
  return begins;
}

Admission::Place::~Place() {
  if (admission_ != nullptr) admission_->leave(at_);
}

std::expected<Admission::Place, Admission::Refusal> Admission::arrive(const std::string& address) {
  if (limits_.is_shared && limits_.is_shared(address)) return Place(nullptr, {});
  auto at = book_.try_emplace(AddressKey::of(address)).first;
  bool full =
      limits_.connections_per_address > 0 && at->second.connections >= limits_.connections_per_address;
  if (full) return std::unexpected(Refusal::AddressFull);
  ++at->second.connections;
  return Place(this, at);
}

std::expected<SteadyPoint, Admission::Refusal> Admission::turn(Place& place, SteadyPoint now) {
  forget(now);
  SteadyPoint latest = now + limits_.longest_wait;
  SteadyPoint begins = now;
  if (place.admission_ != nullptr) {
    auto own = place.at_->second.turns.take(limits_.handshakes_per_address, now, latest);
    if (!own) return std::unexpected(Refusal::AddressHandshakeRate);
    begins = *own;
  }
  auto everyones = turns_.take(limits_.handshakes, now, latest);
  if (!everyones) return std::unexpected(Refusal::HandshakeRate);
  return std::max(begins, *everyones);
}

void Admission::leave(Place::Book::iterator at) {
  if (--at->second.connections > 0) return;
  bool clean = at->second.turns.forgotten_at() == SteadyPoint{};
  if (clean)
    book_.erase(at);
  else
    leaving_.emplace_back(at->second.turns.forgotten_at(), at->first);
}

// An address that came back meanwhile is listed again when it leaves.
void Admission::forget(SteadyPoint now) {
  while (!leaving_.empty() && leaving_.front().first <= now) {
    auto found = book_.find(leaving_.front().second);
    leaving_.pop_front();
    if (found == book_.end() || found->second.connections > 0) continue;
    if (found->second.turns.forgotten_at() <= now) book_.erase(found);
  }
}

}  // namespace hubward::http
