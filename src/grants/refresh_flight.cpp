// SPDX-License-Identifier: Apache-2.0
#include "grants/refresh_flight.hpp"

#include <algorithm>
#include <utility>

#include "core/invariant.hpp"

namespace hubward::grants::flight {
namespace {

// A lease is renewed at a third of its life, so that two renewals may fail.
constexpr int renewal_part = 3;
// After trouble sooner, since time is running out.
constexpr int retry_part = 12;

template <class... Fs>
struct Cases : Fs... {
  using Fs::operator()...;
};

Trouble out_of_step() {
  return {"the store holds an older grant than this gateway uses",
          "If the store was restored while the gateway ran, restart the gateway."};
}

}  // namespace

Action RefreshFlight::next(Purpose purpose, Action action) {
  purpose_ = purpose;
  return action;
}

Action RefreshFlight::end(Outcome outcome, bool settled) {
  return End{std::move(outcome), settled};
}

Action RefreshFlight::begin(SteadyPoint now) {
  static_cast<void>(now);
  return next(Purpose::FirstLook, Look());
}

Action RefreshFlight::on(Event event, SteadyPoint now) {
  return std::visit(Cases{[&](const Seen& seen) { return looked(seen, now); },
                          [&](const Taken& taken) {
                            holds_ = true;
                            others_may_be_at_work_ = others_may_be_at_work_ || taken.left_open;
                            return next(Purpose::LookUnderLease, Look());
                          },
                          [&](const Held&) { return next(Purpose::PollWait, Sleep{now + held_poll}); },
                          [&](const Granted&) { return keep(); },
                          [&](Refused& refused) {
                            if (refused.app_in_doubt) return end(Doubted{std::move(refused.verdict)}, false);
                            verdict_ = std::move(refused.verdict);
                            return next(Purpose::LookAfterVerdict, Look());
                          },
                          [&](const Done&) {
                            switch (purpose_) {
                              case Purpose::Keep: return end(Renewed(), true);
                              case Purpose::CallDead: return end(Dead{std::move(verdict_)}, true);
                              case Purpose::KeepWait: return keep();
                              default: return next(Purpose::FirstLook, Look());
                            }
                          },
                          [&](const Outpaced&) {
                            bool of_verdict = purpose_ == Purpose::CallDead;
                            return next(of_verdict ? Purpose::LookAfterVerdict : Purpose::LookAfterKeep,
                                        Look());
                          },
                          [&](Failed& trouble) { return failed(std::move(trouble), now); }},
                    event);
}

Action RefreshFlight::looked(const Seen& seen, SteadyPoint now) {
  if (!seen.stored) return end(Gone(), true);
  const Stored& stored = *seen.stored;
  switch (purpose_) {
    case Purpose::FirstLook:
    case Purpose::LookUnderLease: return looked_before_asking(stored, now);
    case Purpose::LookAfterVerdict: return looked_after_verdict(stored, now);
    default: break;
  }
  if (stored.generation > asked_with_) return end_at_newer(stored);
  return end(out_of_step(), false);
}

// Somebody else has gone further: to a newer token, or to HubSpot's verdict about it.
Action RefreshFlight::end_at_newer(const Stored& stored) {
  return stored.dead ? end(Dead{}, false) : end(Newer(), false);
}

Action RefreshFlight::looked_before_asking(const Stored& stored, SteadyPoint now) {
  if (stored.generation < start_.generation) return end(out_of_step(), false);
  if (stored.dead && !start_.probe) return end(Dead{}, false);
  if (stored.generation > start_.generation && !stored.dead) return end(Newer(), false);
  if (stored.obstacle) return end(*stored.obstacle, false);
  // The look that counts is one under the lease: somebody may have renewed before we had it.
  if (purpose_ == Purpose::FirstLook || !surely_holds(now)) return take_lease(now);
  asked_with_ = stored.generation;
  return next(Purpose::Ask, Ask());
}

Action RefreshFlight::looked_after_verdict(const Stored& stored, SteadyPoint now) {
  if (stored.generation > asked_with_) return end_at_newer(stored);
  if (stored.generation < asked_with_) return end(out_of_step(), false);
  bool in_doubt = others_may_be_at_work_ || !surely_holds(now);
  bool stood_long = start_.doubted_since && now - *start_.doubted_since >= doubt_time;
  if (in_doubt && !stood_long) return end(Doubted{*verdict_}, false);
  return next(Purpose::CallDead, CallDead{asked_with_});
}

Action RefreshFlight::take_lease(SteadyPoint now) {
  holds_ = false;
  sent_ = now;
  if (start_.lease_life) renew_at_ = now + *start_.lease_life / renewal_part;
  return next(Purpose::Lease, TakeLease());
}

Action RefreshFlight::keep() {
  return next(Purpose::Keep, Keep{asked_with_, keep_trouble_});
}

// What HubSpot gave is never let go of. Everything else can be begun anew later.
Action RefreshFlight::failed(Trouble trouble, SteadyPoint now) {
  if (purpose_ != Purpose::Keep && purpose_ != Purpose::LookAfterKeep) return end(std::move(trouble), false);
  keep_trouble_ = std::move(trouble);
  std::chrono::milliseconds wait = std::exchange(keep_wait_, std::min(keep_wait_ * 2, last_keep_wait));
  return next(Purpose::KeepWait, Sleep{now + wait});
}

bool RefreshFlight::surely_holds(SteadyPoint now) const {
  return holds_ && (!start_.lease_life || now < sent_ + *start_.lease_life);
}

std::optional<SteadyPoint> RefreshFlight::lease_due() const {
  if (!holds_ || !start_.lease_life) return std::nullopt;
  return renew_at_;
}

void RefreshFlight::lease_renewed(SteadyPoint sent) {
  sent_ = sent;
  renew_at_ = sent + *start_.lease_life / renewal_part;
}

void RefreshFlight::lease_not_renewed(SteadyPoint now) {
  renew_at_ = now + *start_.lease_life / retry_part;
}

void RefreshFlight::lease_lost() {
  holds_ = false;
  others_may_be_at_work_ = true;
}

}  // namespace hubward::grants::flight
