// SPDX-License-Identifier: Apache-2.0
// What HubSpot still lets us do within one of its rolling windows, although we know neither its window nor
// who else spends from it. Three things are kept apart:
//
//   ours       what HubSpot may still be counting of our own calls: exact from above (rolling_window.hpp)
//   foreign    what others use, from what an answer says remains: known only as of that answer
//   margin     what is left unused, because others go on meanwhile and because no model is exact: grows by
//              refusals and by how fast others were seen to come, shrinks when neither happens
//
// A call may go while ours < limit - foreign - margin. When others seem to take everything, one call at a
// time goes now and then to ask: every answer tells how things stand. Pure; one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "hubspot/limits.hpp"
#include "pacing/rolling_window.hpp"

namespace hubward::pacing {

class Budget {
 public:
  // Whether HubSpot's answers say what the limit is.
  enum class Answers : std::uint8_t { SayNothing, TellTheLimit };
  explicit Budget(hubspot::RollingLimit documented, Answers answers = Answers::SayNothing);

  // Another documented limit, as long as HubSpot has told none.
  void set_documented(std::uint32_t calls);

  // The place of one call in the budget: taken before it is sent, given back once with what became of it.
  struct Place {
    std::uint64_t number = 0;     // in the order of sending
    std::uint32_t ours = 0;       // held at its sending, itself among them
    std::uint32_t in_flight = 0;  // others that were under way then
  };

  bool has_room(SteadyPoint now);
  // Whether or not there is room; whoever asks first has looked.
  Place take(SteadyPoint now);

  void answered(const Place& place, SteadyPoint now, const hubspot::LimitFields& told);
  // HubSpot answered 429 because of this limit.
  void refused(const Place& place, SteadyPoint now, const hubspot::LimitFields& told);
  // No answer came: HubSpot may have counted the call, or count it yet.
  void lost(SteadyPoint now);
  // It was not sent after all.
  void unsent();

  // When the n-th of calls that wait now can go, if nobody else comes, each at its distance from the one
  // before and the first not before `earliest`; an estimate. n counts from 1. At once, as far as anybody
  // knows, while the first answer is awaited that tells the limit.
  SteadyPoint turn_of(std::size_t n, SteadyPoint earliest, SteadyPoint now);
  // When there may be room again, although no call ends meanwhile; nothing when only the end of one can help.
  std::optional<SteadyPoint> next_room(SteadyPoint now);
  // When what is allowed changes by itself next.
  std::optional<SteadyPoint> terms_change(SteadyPoint now);
  // Between calls, so that all that may go within the window are spread over it.
  std::chrono::nanoseconds spacing(SteadyPoint now);

  struct View {
    hubspot::RollingLimit limit;
    std::uint32_t ours = 0, foreign = 0, margin = 0;
    bool told = false;  // HubSpot's answers have said what the limit is
    std::uint64_t refusals = 0;
  };
  View view(SteadyPoint now);

 private:
  std::uint32_t allowed(SteadyPoint now);
  std::uint32_t foreign(SteadyPoint now) const;
  std::uint32_t least_margin() const;
  std::uint32_t most_margin() const;
  void ease(SteadyPoint now);
  bool could_probe(SteadyPoint now) const;
  bool may_probe(SteadyPoint now) const;
  bool others_are_known(SteadyPoint now) const;
  void hear(const Place& place, SteadyPoint now, const hubspot::LimitFields& told);
  void hear_remaining(const Place& place, SteadyPoint now, std::uint32_t remaining);

  std::uint32_t limit_;
  const Answers answers_;
  RollingWindow window_;
  bool told_ = false;
  std::uint64_t sent_ = 0, refusals_ = 0;

  std::uint64_t heard_ = 0;  // number of the newest call whose answer said something of others
  std::uint32_t foreign_ = 0;
  std::optional<SteadyPoint> foreign_until_;  // as long as it is taken for true without news
  bool is_guess_ = false;                     // all that we do not use, because HubSpot refused a call
  SteadyPoint last_news_{};
  std::chrono::milliseconds probe_wait_;

  std::uint32_t refusal_margin_;
  double arrival_margin_ = 0;  // by how much others grew between two answers, lately
  SteadyPoint eased_{};        // when the margin last changed
  std::chrono::milliseconds patience_;
};

}  // namespace hubward::pacing
