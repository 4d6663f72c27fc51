#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deliberate breakages of the refresh protocol: each is one change of its source, and the simulation must find it. The
product has no switch for any of them.

  mutants.py list              NAME FILE, one a line
  mutants.py make NAME OUTPUT  the changed source

A change whose text is no longer in the source fails the build: say anew what breaks there."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLIGHT, PLAN, WATCH = "src/grants/refresh_flight.cpp", "src/grants/refresh_plan.cpp", "src/leases/lease_watch.cpp"

MUTANTS = {
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


def main():
    if sys.argv[1:] == ["list"]:
        print("\n".join(f"{name} {change[0]}" for name, change in MUTANTS.items()))
        return
    _, name, output = sys.argv[1:]
    file, old, new = MUTANTS[name]
    source = (ROOT / file).read_text()
    if source.count(old) != 1:
        sys.exit(f"mutants.py: {file} does not have this text once, for mutant {name}:\n{old}")
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source.replace(old, new))


main()
