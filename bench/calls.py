#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Hubward and its peers on the same work, one after the other on one core, with load and upstream on the other. Prints
a table, writes build/bench/calls.json, and ends with 0 when every bound is kept, 1 when one is missed, 2 on wrong use."""
import argparse
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import bodies  # noqa: E402
import machine  # noqa: E402
import programs  # noqa: E402
import verdict  # noqa: E402
from demo import Trouble  # noqa: E402
from gateway import Engine, Hubward, HubwardWhole  # noqa: E402
from holding import Holding  # noqa: E402
from running import Run, conclude  # noqa: E402
from whole_job import WholeJob  # noqa: E402
from workloads import Workloads, say, warm_up  # noqa: E402

KINDS = (Engine, Hubward, HubwardWhole, programs.Nginx, programs.NginxLua, programs.Haproxy, programs.Caddy, programs.Fastify,
         programs.ExpressSdk)
WORKLOADS = ("floor", "whole", "open", "handshake", "portals", "idle")
RESULT = ROOT / "build/bench/calls.json"


class Bench(Run):
    """With the whole job's rules and clients, and an upstream."""

    def __init__(self, folder, binaries, accept_noise):
        super().__init__(folder, binaries, accept_noise)
        self.whole_job = WholeJob()

    def start_upstream(self):
        upstream = programs.Upstream(self)
        bodies.write_all(self.run, f"https://localhost:{upstream.port}")
        upstream.key = programs.TOKEN
        self.start([upstream])
        self.upstream = upstream


def names(text):
    return [word for word in text.split(",") if word]


def arguments(words):
    parser = argparse.ArgumentParser(prog="./dev bench calls", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="floor and whole with 1 KB, for hubward, nginx and nginx-lua")
    parser.add_argument("--only", type=names, help=f"workloads: {','.join(WORKLOADS)}")
    parser.add_argument("--programs", type=names, help=f"of {','.join(dict.fromkeys(k.name for k in KINDS))}")
    parser.add_argument("--case", type=names, help=f"answer sizes of floor and whole: {','.join(programs.PATHS)}")
    parser.add_argument("--rounds", type=int, default=5, help="good runs of each that the median is taken of (5)")
    parser.add_argument("--seconds", type=float, default=3, help="how long one run measures (3)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order of runs")
    parser.add_argument("--aborts", type=int, default=200_000, help="requests of the run with aborts (200000)")
    parser.add_argument("--accept-noise", action="store_true", help="count disturbed runs too, to try the benchmark itself")
    parser.add_argument("--result", type=pathlib.Path, default=RESULT, help="where the JSON goes (build/bench/calls.json)")
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release", help="where hubward is")
    wanted = parser.parse_args(words)
    wanted.binaries, wanted.result = wanted.binaries.resolve(), wanted.result.resolve()
    wanted.warmup = min(0.5, wanted.seconds / 4)
    wanted.workloads = wanted.only or (["floor", "whole"] if wanted.quick else list(WORKLOADS))
    wanted.cases = wanted.case or (["1KB"] if wanted.quick else list(programs.PATHS))
    every = list(dict.fromkeys(kind.name for kind in KINDS))
    wanted.programs = wanted.programs or (["hubward", "nginx", "nginx-lua"] if wanted.quick else every)
    for given, known, what in ((wanted.workloads, WORKLOADS, "workload"), (wanted.cases, tuple(programs.PATHS), "case"),
                               (wanted.programs, every, "program")):
        for word in given:
            if word not in known:
                parser.error(f"there is no {what} '{word}'; there are {', '.join(known)}")
    if not 1 <= wanted.rounds <= 50 or not 0.05 <= wanted.seconds <= 60:
        parser.error("--rounds is 1 to 50, --seconds 0.05 to 60")
    return wanted


def check_machine(wanted):
    """What would make every run fail, said before the first one."""
    if machine.cores() < 2:
        raise Trouble("two cores are needed, one for the program and one for the load; this machine gives "
                      f"{machine.cores()}")
    needs = [("hubward", str(wanted.binaries / "hubward")), ("hubward", str(wanted.binaries / "hubward-load")),
             ("hubward", str(wanted.binaries / "hubward-engine")),
             ("the upstream", "nginx"), ("pinning", "taskset")]
    needs += [(kind.name, need) for kind in KINDS if kind.name in wanted.programs for need in kind.needs]
    missing = [f"{need} (for {name})" for name, need in needs if programs.missing([need])]
    if missing:
        raise Trouble(f"not installed: {', '.join(missing)}; ./dev bench installs them, or leave the program out with --programs")


def steps(bench, wanted, work, of):
    """What is to be measured, in order: a name and a function."""
    chosen = set(wanted.workloads)
    jobs = {job: programs for job, programs in of.items() if job in chosen}
    if jobs:
        yield " and ".join(jobs), lambda: work.closed(jobs)
    if "floor" in chosen:
        yield "upstream", work.upstream
    for job in of:
        if "open" in chosen:
            yield f"open loop, {job}", lambda j=job: work.open_loop(j, of[j])
    if "handshake" in chosen:
        yield "handshakes", lambda: work.handshake([p for p in of["floor"] if p.name != "express-sdk"])
    holding = Holding(work)
    yield "stopping the peers", lambda: bench.stop([p for job in of.values() for p in job if p in bench.started])
    if "hubward" in wanted.programs:
        for name, step in (("portals", holding.portals), ("idle", holding.idle)):
            if name in chosen:
                yield name, step


def measure(bench, wanted):
    """Runs the workloads. Answers the rows, and what went wrong: one workload that fails does not take the others with it."""
    bench.start_upstream()
    kinds = [kind for kind in KINDS if kind.name in wanted.programs]
    of = {job: [kind(bench) for kind in kinds if kind.workload == job] for job in ("floor", "whole")}
    chosen = set(wanted.workloads)
    running = [program for job in of if job in chosen or "open" in chosen for program in of[job]]
    if "handshake" in chosen:
        running += [program for program in of["floor"] if program not in running]
    bench.start(running)
    warm_up(bench, running)
    work, failed = Workloads(bench, wanted), []
    for name, step in steps(bench, wanted, work, of):
        say(name)
        try:
            step()
        except Trouble as trouble:
            say(f"{name} failed: {trouble}")
            failed.append(f"{name}: {trouble}")
    return work.rows, failed


def main():
    wanted = arguments(sys.argv[1:])
    begun = time.monotonic()
    bench = None
    try:
        check_machine(wanted)
        bench = Bench(wanted.result.with_suffix(""), wanted.binaries, wanted.accept_noise)
        found, failed = measure(bench, wanted)
    except Trouble as trouble:
        print(f"./dev bench calls: {trouble}", file=sys.stderr)
        return 2
    finally:
        if bench:
            bench.stop()
    return conclude(wanted.result, found, verdict.judge(found), begun, failed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
