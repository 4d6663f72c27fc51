# SPDX-License-Identifier: Apache-2.0
"""The workloads, each a list of samples to take of each program, in shuffled rounds."""
import random
import sys
import time

import machine
from programs import PATHS
from rows import row_of

# A program that is disturbed again and again is given this many more rounds.
MORE_ROUNDS = 4


def say(text):
    print(f"\033[1m==>\033[0m {text}", file=sys.stderr, flush=True)


class Rounds:
    """Takes each sample once a round, in an order that is new each time, until every one has enough good ones."""

    def __init__(self, rounds, seed):
        self.rounds, self.random = rounds, random.Random(seed)

    def take(self, wanted):
        """`wanted`: name -> a function that takes one sample. Answers name -> (good samples, how many were thrown away)."""
        good, thrown = {name: [] for name in wanted}, dict.fromkeys(wanted, 0)
        for turn in range(self.rounds + MORE_ROUNDS):
            due = [name for name in wanted if len(good[name]) < min(turn + 1, self.rounds)]
            self.random.shuffle(due)
            for name in due:
                sample = wanted[name]()
                if sample["noisy"]:
                    thrown[name] += 1
                else:
                    good[name].append(sample)
        return {name: (good[name], thrown[name]) for name in wanted}


class Workloads:
    def __init__(self, bench, options):
        self.bench, self.options, self.rounds = bench, options, Rounds(options.rounds, options.seed)
        self.rows = []
        self.best = {}  # (workload, program) -> the most requests a second at 1 KB, in closed loop

    def sample(self, program, path, **load):
        report = self.bench.loader.run(program, path, **load)
        report["rss_mb"] = machine.rss_mb(program.pids())
        return report

    def add_rows(self, taken, note_of):
        for (workload, case, name), (good, thrown) in taken.items():
            if not good:
                say(f"{name}, {workload} {case}: every run was disturbed ({thrown}); no row")
                continue
            self.rows.append(row_of(workload, case, name, good, thrown, note_of(workload, name)))

    def closed(self, jobs):
        """`floor` and `whole`: 32 kept connections, each asking again as soon as it is answered. All in the same rounds, since
        they are compared with one another and the machine is not equally fast at all times."""
        wanted, notes = {}, {}
        for workload, programs in jobs.items():
            for program in programs:
                notes[workload, program.name] = program.note
                for case in self.options.cases:
                    wanted[workload, case, program.name] = lambda p=program, c=case: self.sample(
                        p, PATHS[c], connections=32, warmup=self.options.warmup, seconds=self.options.seconds)
        taken = self.rounds.take(wanted)
        self.add_rows(taken, lambda *of: notes[of])
        for (workload, case, name), (good, _) in taken.items():
            if case == "1KB" and good:
                self.best[workload, name] = max(s["rps"] for s in good)

    def upstream(self):
        """What the stand-in for HubSpot can do, asked directly."""
        name = ("floor", "1KB", "upstream")
        load = lambda: self.sample(self.bench.upstream, PATHS["1KB"], connections=32, warmup=0.2,
                                   seconds=self.options.seconds, core=machine.PROGRAM_CORE)
        self.add_rows(self.rounds.take({name: load}), lambda *_: self.bench.upstream.note)

    def open_loop(self, workload, programs):
        """Latency at fixed shares of each one's own maximum, counted from when a request was due."""
        wanted = {}
        for program in programs:
            most = self.best.get((workload, program.name))
            if most is None:
                most = self.sample(program, PATHS["1KB"], connections=32, warmup=0.5, seconds=1)["rps"]
            for share in (25, 50, 75):
                wanted[workload, f"1KB at {share}%", program.name] = lambda p=program, r=most * share / 100: self.sample(
                    p, PATHS["1KB"], mode="open", rate=round(r, 1), connections=64, warmup=self.options.warmup,
                    seconds=self.options.seconds)
        notes = {p.name: p.note for p in programs}
        self.add_rows(self.rounds.take(wanted), lambda _, name: notes.get(name))

    def handshake(self, programs):
        """A new TLS connection for each call: a full handshake, or one that resumes the last session."""
        wanted = {}
        for program in programs:
            for case, resume in (("full", False), ("resumed", True)):
                wanted["handshake", case, program.name] = lambda p=program, r=resume: self.handshakes(p, r)
        self.add_rows(self.rounds.take(wanted), lambda *_: "one 1 KB call on each connection")

    def handshakes(self, program, resume):
        load = {"mode": "handshake", "connections": 16, "warmup": self.options.warmup, "seconds": self.options.seconds}
        report = self.sample(program, PATHS["1KB"], **load, **({"resume": True} if resume else {}))
        if resume and report["resumed"] < 0.9 * report["handshakes"]:
            say(f"{program.name} resumed only {report['resumed']} of {report['handshakes']} sessions")
        return report


def warm_up(bench, programs):
    """Before the first measurement: code is compiled, connections and files are open. JIT compilers need the most."""
    for program in programs:
        seconds = 4 if program.needs and "node" in str(program.needs[0]) else 1
        for path in PATHS.values():
            bench.loader.run(program, path, connections=32, seconds=seconds / 2)
    time.sleep(0.2)
