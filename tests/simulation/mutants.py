#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deliberate breakages: each is one change of a source, and the simulation of it must find it. The product has no switch for
any of them.

  mutants.py list refresh|pacing   NAME FILE, one a line
  mutants.py make NAME OUTPUT      the changed source

A change whose text is no longer in the source fails the build: say anew what breaks there."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLIGHT, PLAN, WATCH = "src/grants/refresh_flight.cpp", "src/grants/refresh_plan.cpp", "src/leases/lease_watch.cpp"

REFRESH = {
    "no_lease": (FLIGHT, "if (purpose_ == Purpose::FirstLook || !surely_holds(now)) return take_lease(now);", ""),
    "no_look_under_lease": (FLIGHT, "return next(Purpose::LookUnderLease, Look());",
                            "return asked_with_ = start_.generation, next(Purpose::Ask, Ask());"),
    "lease_never_renewed": (FLIGHT, "if (!holds_ || !start_.lease_life) return std::nullopt;", "return std::nullopt;"),
    "lease_believed_for_ever": (FLIGHT, "return holds_ && (!start_.lease_life || now < sent_ + *start_.lease_life);",
                                "return holds_ || now == SteadyPoint();"),
    "used_before_stored": (FLIGHT, "[&](const Granted&) { return keep(); }",
                           "[&](const Granted&) { return end(Renewed(), true); }"),
    "answer_dropped_when_store_fails": (
        FLIGHT, "if (purpose_ != Purpose::Keep && purpose_ != Purpose::LookAfterKeep) return end(std::move(trouble), false);",
        "if (purpose_ != Purpose::PollWait) return end(std::move(trouble), false);"),
    "loser_uses_its_own_token": (FLIGHT, "bool of_verdict = purpose_ == Purpose::CallDead;",
                                 "bool of_verdict = purpose_ == Purpose::CallDead;\n"
                                 "              if (!of_verdict) return end(Renewed(), true);"),
    "dead_without_another_look": (FLIGHT, "return next(Purpose::LookAfterVerdict, Look());",
                                  "return next(Purpose::CallDead, CallDead{asked_with_});"),
    "verdict_never_doubted": (FLIGHT, "if (in_doubt && !stood_long)", "if (in_doubt && stood_long)"),
    "verdict_always_doubted": (FLIGHT, "if (in_doubt && !stood_long)", "if (in_doubt || !stood_long)"),
    "dead_when_busy": (PLAN, "Verdict verdict{Verdict::Kind::Trouble, trouble.what",
                       "Verdict verdict{Verdict::Kind::DeadToken, trouble.what"),
    "failure_ends_everything": (PLAN, "facts.in_flight = false;", ""),
    "expired_word_ignored": (PLAN, "facts.rejected ? SteadyPoint::min() : facts.life ? facts.renew_at : *facts.check_at;",
                             "facts.life ? facts.renew_at : *facts.check_at;"),
    "wall_clock_believed": (PLAN, "bool believable = age >= milliseconds(0) && (!since || steady - age >= *since - renewal_slack);",
                            "bool believable = since || age > -milliseconds(1);"),
    "never_taken_over": (WATCH, "return asked - sight.first_seen >= life_;", "return asked - sight.first_seen < -life_;"),
    "taken_over_too_early": (WATCH, "return asked - sight.first_seen >= life_;",
                             "return asked - sight.first_seen >= life_ / 8;"),
    "renewals_not_seen": (WATCH, "if (!is_new && sight.mark != mark)", "if (!is_new && sight.mark.holder != mark.holder)"),
    "left_open_forgotten": (WATCH, "return Claim{row->mark, Before::LeftOpen};", "return Claim{row->mark, Before::Settled};"),
}

WINDOW, BUDGET, LINE, QUEUE = (f"src/pacing/{name}.cpp" for name in ("rolling_window", "budget", "line", "fair_queue"))

PACING = {
    "window_forgets_early": (WINDOW, "ended_.front().at + span_ <= now", "ended_.front().at + span_ * 19 / 20 <= now"),
    "in_flight_not_held": (BUDGET, "return window_.held() < allowed(now)",
                           "return window_.held() - window_.in_flight() < allowed(now)"),
    "limit_taken_for_more": (BUDGET, "return window_.held() < allowed(now)", "return window_.held() <= allowed(now) + 1"),
    "lost_calls_count_at_once": (BUDGET, "window_.end(now + late_counting);", "window_.end(now - late_counting);"),
    "unanswered_never_end": (BUDGET, "window_.end(now + late_counting);", "(void)now;"),
    "never_looks_again": (LINE, "if (room) next = std::min(next, std::max(*room, not_before(now)));", ""),
    "looks_too_late": (LINE, "std::max(*room, not_before(now))", "*room + std::chrono::seconds(1)"),
    "new_terms_not_noticed": (LINE, "next = std::min(next, *terms);", "(void)terms;"),
    "deadline_ignored": (LINE, "deadline < now) {", "deadline + std::chrono::seconds(1) < now) {"),
    "deadline_too_early": (LINE, "deadline < now) {", "deadline < now + std::chrono::seconds(1)) {"),
    "never_too_late": (LINE, "if (turn > deadline)", "if (turn > deadline + std::chrono::hours(1))"),
    "classes_without_shares": (QUEUE, "chosen->start += class_step(static_cast<std::size_t>(next->priority));",
                               "chosen->start = static_cast<double>(next->priority);"),
    "first_class_first": (QUEUE, "(chosen == nullptr || one.start < chosen->start)", "chosen == nullptr"),
    "last_come_first": (QUEUE, """Number number = next->waiting.front();
  next->waiting.pop_front();""", """Number number = next->waiting.back();
  next->waiting.pop_back();"""),
    "weights_not_told": (QUEUE, "ahead += calls_before(classes_[other].start, class_step(other), class_turn, other < index);",
                         "ahead += other < index ? 0 : 1;"),
}
SIMULATIONS = {"refresh": REFRESH, "pacing": PACING}


def main():
    if sys.argv[1:2] == ["list"]:
        print("\n".join(f"{name} {change[0]}" for name, change in SIMULATIONS[sys.argv[2]].items()))
        return
    _, name, output = sys.argv[1:]
    file, old, new = (REFRESH | PACING)[name]
    source = (ROOT / file).read_text()
    if source.count(old) != 1:
        sys.exit(f"mutants.py: {file} does not have this text once, for mutant {name}:\n{old}")
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source.replace(old, new))


main()
