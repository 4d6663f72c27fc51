#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the cost of a call grows with what there is: sockets that call, clients, rules of a role, connections, records of the
journal. Each point is measured beside a gateway that has the least of everything, in turns on the same core, and is the ratio
of the two medians of CPU time. Prints a plot, writes build/bench/growth.json, and ends with 2 when it could not measure."""
import argparse
import itertools
import json
import pathlib
import signal
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from calls import Bench, check_machine  # noqa: E402
from demo import Trouble  # noqa: E402
from programs import PATHS  # noqa: E402
from settled_gateway import Kept, SettledHubward  # noqa: E402
from workloads import say  # noqa: E402

RESULT = ROOT / "build/bench/growth.json"
BASE = {"sockets": 32, "clients": 1, "rules": 1, "connections": 1, "records": 0}
POINTS = {
    "sockets": (1, 8, 128, 1024),
    "clients": (10, 100, 1_000, 10_000),
    "rules": (10, 100, 1_000),
    "connections": (10, 100, 1_000),
    "records": (100_000, 1_000_000, 4_000_000),
}
WIDTH = 40


class Grown(SettledHubward):
    """A gateway with so much of each; its one client may use every connection."""
    numbers = itertools.count(1)

    def __init__(self, bench, has):
        super().__init__(bench, has["connections"], f"hubward-growth-{next(self.numbers)}")
        self.has = has

    @property
    def slug(self):
        return self.folder.name

    @property
    def role(self):
        filler = "".join(f'[[roles.bench.rules]]\nname = "r{n}"\nobjects = ["tickets"]\nactions = ["edit"]\n'
                         for n in range(self.has["rules"] - 1))
        return filler + '[[roles.bench.rules]]\nname = "read"\nobjects = ["contacts"]\nactions = ["view"]\n'

    def connect(self):
        self.wait_for_operators()
        came, trouble = self.settle()
        if came != self.count:
            raise Trouble(f"only {came} of {self.count} connections came in: {trouble}")
        self.key = self.client("bench", [f"p{n}" for n in range(self.count)])
        for number in range(1, self.has["clients"]):
            self.client(f"other-{number}", ["p0"])

    def wait_for_operators(self):
        """Their door opens a moment after the one for calls."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return self.api("GET", "/status")
            except OSError:
                self.web = Kept(str(self.bench.tls / "ca.pem"))
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def client(self, name, connections):
        return self.api("POST", "/clients", json.dumps({"name": name, "role": "bench", "connections": connections}))["key"]


def sample(bench, gateway, seconds, **more):
    load = {"connections": gateway.has["sockets"], "warmup": 0.3, "seconds": seconds, "numbers": gateway.count, "first": 0}
    return bench.loader.run(gateway, "/c/p{n}" + PATHS["1KB"], **(load | more))


def fill(bench, gateway):
    """Records come with calls."""
    missing = gateway.has["records"]
    if missing:
        bench.loader.run(gateway, "/c/p{n}" + PATHS["1KB"], connections=64, numbers=1, first=0, warmup=0, seconds=3600,
                         requests=missing)


def point(bench, base, has, wanted):
    gateway = Grown(bench, BASE | has)
    bench.start([gateway])
    try:
        fill(bench, gateway)
        cpu = {base: [], gateway: []}
        for turn in range(wanted.rounds * 2):
            for one in (base, gateway) if turn % 2 else (gateway, base):
                report = sample(bench, one, wanted.seconds)
                if not report["noisy"]:
                    cpu[one].append(report["cpu_us"])
            if min(map(len, cpu.values())) >= wanted.rounds:
                break
        if not all(cpu.values()):
            raise Trouble("every run was disturbed")
        of_base, own = (statistics.median(cpu[one]) for one in (base, gateway))
        return {"cpu_us": round(own, 1), "base_us": round(of_base, 1), "ratio": round(own / of_base, 3),
                "runs": len(cpu[gateway])}
    finally:
        bench.stop([gateway])


def plot(found):
    most = max([1.0, *(row["ratio"] for row in found)])
    lines = []
    for dimension in POINTS:
        rows = [row for row in found if row["dimension"] == dimension]
        if not rows:
            continue
        lines.append(f"{dimension} (beside {BASE[dimension]})")
        for row in rows:
            bar = "#" * max(1, round(WIDTH * row["ratio"] / most))
            lines.append(f"  {row['value']:>9,} {row['ratio']:5.2f} {bar}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench growth", description=__doc__)
    parser.add_argument("--only", help=f"of {','.join(POINTS)}")
    parser.add_argument("--rounds", type=int, default=5, help="good runs of each (5)")
    parser.add_argument("--seconds", type=float, default=1, help="how long one run measures (1)")
    parser.add_argument("--accept-noise", action="store_true", help="count disturbed runs too")
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release", help="where hubward is")
    parser.add_argument("--result", type=pathlib.Path, default=RESULT, help="where the JSON goes (build/bench/growth.json)")
    wanted = parser.parse_args()
    chosen = wanted.only.split(",") if wanted.only else list(POINTS)
    if any(name not in POINTS for name in chosen):
        parser.error(f"--only is of {', '.join(POINTS)}")
    wanted.binaries, wanted.programs = wanted.binaries.resolve(), ["hubward"]
    found, bench = [], None
    try:
        check_machine(wanted)
        bench = Bench(wanted.result.resolve().with_suffix(""), wanted.binaries, wanted.accept_noise)
        bench.start_upstream()
        base = Grown(bench, BASE)
        bench.start([base])
        for dimension in chosen:
            for value in POINTS[dimension]:
                begun = time.monotonic()
                row = {"dimension": dimension, "value": value} | point(bench, base, {dimension: value}, wanted)
                found.append(row)
                say(f"{dimension} {value}: {row['ratio']} ({time.monotonic() - begun:.0f} s)")
    except Trouble as trouble:
        print(f"./dev bench growth: {trouble}", file=sys.stderr)
        return 2
    finally:
        if bench:
            bench.stop()
    wanted.result.write_text(json.dumps(found, indent=1) + "\n")
    print(plot(found))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
