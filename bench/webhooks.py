#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Hubward's webhook door and two Node receivers on the same signed requests, one after the other on one core, with the
load on the other. Hubward makes every event durable before it answers; the receivers parse and forget. Prints a table,
writes build/bench/webhooks.json, and ends with 0 when every bound is kept, 1 when one is missed, 2 on wrong use."""
import argparse
import base64
import hashlib
import hmac
import itertools
import json
import pathlib
import secrets
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import machine  # noqa: E402
import programs  # noqa: E402
import rows as rows_of_run  # noqa: E402
from demo import Trouble, write_private  # noqa: E402
from gateway import Hubward  # noqa: E402
from running import Run, conclude  # noqa: E402
from verdict import Judgement  # noqa: E402
from workloads import Rounds, say  # noqa: E402

RESULT = ROOT / "build/bench/webhooks.json"
CONNECTIONS = 64
SECRET = secrets.token_urlsafe(24)
BATCH = 100
# How many requests are signed for each second of a run: more than any of them takes.
READY_SINGLE, READY_BATCH, READY_REFUSED = 30_000, 2_000, 60_000
STEADY_RATE = 3_000


class HubwardHooks(Hubward):
    name, workload = "hubward", "webhook"
    note = "verified, each event once, durable before the answer, sealed"

    def doors(self):
        return {"egress": self.public, "public": self.port, "admin": self.admin}

    def configure(self):
        words = super().configure()
        write_private(self.folder / "app.secret", SECRET + "\n")
        return words

    def app(self):
        return f'''[apps.bench]
kind = "private"
client_secret = "file:{self.folder / "app.secret"}"
'''

    def connect(self):
        """Nothing calls HubSpot here."""

    def inbox_bytes(self):
        return sum(path.stat().st_size for path in (self.folder / "store").glob("inbox.db*"))

    def events(self):
        return self.command("webhook", "status")["events"]


class NodeReceiver(programs.Program):
    workload = "webhook"
    needs = (str(programs.NODE),)
    note = "verified; nothing durable, no duplicates removed"

    def configure(self):
        settings = self.bench.run / f"hooks_{self.slug}.json"
        write_private(settings, json.dumps({
            "port": self.port, "public_url": f"https://localhost:{self.port}", "app_secret": SECRET,
            "key": str(self.bench.tls / "gateway.key"), "cert": str(self.bench.tls / "gateway.pem")}))
        self.environment = {"NODE_ENV": "production"}
        return [programs.NODE.resolve(), programs.PEERS / f"hooks_{self.slug}.mjs", settings]


class ExpressSdkHooks(NodeReceiver):
    name = "express-sdk"


class FastifyHooks(NodeReceiver):
    name = "fastify"


KINDS = (HubwardHooks, ExpressSdkHooks, FastifyHooks)


class Requests:
    """Signed requests, no event twice."""

    def __init__(self, folder, name="requests"):
        self.file, self.numbers = folder / name, itertools.count(1)

    def event(self, size):
        number = next(self.numbers)
        event = {"eventId": number, "subscriptionId": 2001, "portalId": 8801234 + number % 50, "appId": 551122,
                 "occurredAt": int(time.time() * 1000), "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
                 "objectId": 1000 + number % 10_000, "propertyName": "about", "propertyValue": "", "changeSource": "CRM_UI",
                 "sourceId": "userId:42"}
        event["propertyValue"] = "x" * max(0, size - len(json.dumps(event, separators=(",", ":"))))
        return event

    def write(self, port, count, events_each, size, genuine=True):
        url = f"https://localhost:{port}/hooks/bench"
        with open(self.file, "wb") as file:
            for _ in range(count):
                body = json.dumps([self.event(size) for _ in range(events_each)], separators=(",", ":")).encode()
                at = str(int(time.time() * 1000))
                key = SECRET if genuine else "not the secret"
                digest = hmac.digest(key.encode(), b"POST" + url.encode() + body + at.encode(), hashlib.sha256)
                head = (f"POST /hooks/bench HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: HubSpot Connect 2.0\r\n"
                        f"Content-Type: application/json\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n"
                        f"X-HubSpot-Request-Timestamp: {at}\r\n"
                        f"X-HubSpot-Signature-v3: {base64.b64encode(digest).decode()}\r\n\r\n").encode()
                file.write(str(len(head) + len(body)).encode() + b"\n" + head + body)
        return self.file


class Webhooks:
    def __init__(self, bench, options):
        self.bench, self.options, self.rounds = bench, options, Rounds(options.rounds, options.seed)
        self.requests, self.flood, self.rows = Requests(bench.run), Requests(bench.run, "flood"), []

    def sample(self, program, ready, events_each, size, genuine=True, **load):
        seconds, warmup = self.options.seconds, self.options.warmup
        file = self.requests.write(program.port, int(ready * (seconds + warmup)) + 1000, events_each, size, genuine)
        if load.get("mode", "closed") != "open":
            load["connections"] = CONNECTIONS
        report = self.bench.loader.run(program, "/", requests_from=file, warmup=warmup, seconds=seconds, **load)
        report["rss_mb"] = machine.rss_mb(program.pids())
        return report

    def add(self, case, wanted):
        taken = self.rounds.take(wanted)
        notes = {p.name: p.note for p in self.bench.started}
        for name, (good, thrown) in taken.items():
            if good:
                self.rows.append(rows_of_run.row_of("webhook", case, name, good, thrown, notes[name]))
            else:
                say(f"{name}, {case}: every run was disturbed ({thrown}); no row")

    def hubward(self):
        return [p for p in self.bench.started if p.name == "hubward"]

    def single(self):
        self.add("1KB", {p.name: lambda p=p: self.sample(p, READY_SINGLE, 1, 1022) for p in self.bench.started})

    def batches(self):
        self.add("100 events", {p.name: lambda p=p: self.sample(p, READY_BATCH, BATCH, 330) for p in self.hubward()})

    def steady(self):
        """Latency of the answer at a rate that is asked for, whatever the program could do."""
        self.add(f"1KB at {STEADY_RATE}/s", {p.name: lambda p=p: self.sample(p, STEADY_RATE + 200, 1, 1022, mode="open",
                                                                            rate=STEADY_RATE, connections=CONNECTIONS)
                                             for p in self.hubward()})

    def flooded(self):
        """The same beside strangers who send as much as they can and cannot sign, over as many connections."""
        self.add(f"1KB at {STEADY_RATE}/s, flooded", {p.name: lambda p=p: self.sample_in_flood(p) for p in self.hubward()})

    def sample_in_flood(self, program):
        length = self.options.seconds + self.options.warmup
        file = self.flood.write(program.port, int(READY_REFUSED * (length + 2)), 1, 1022, genuine=False)
        # Nicer than the load that is measured, with which it shares a core.
        words = self.bench.loader.words(program.port, "/", program.key, requests_from=file, connections=CONNECTIONS, status=401,
                                        warmup=0, seconds=length + 1)
        flood = subprocess.Popen(["nice", "-n", "10", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        report = self.sample(program, STEADY_RATE + 200, 1, 1022, mode="open", rate=STEADY_RATE, connections=CONNECTIONS)
        turned_away = self.bench.loader.finish(flood, "the flood")["rps"]
        if turned_away < STEADY_RATE:
            raise Trouble(f"the flood was {turned_away:.0f} requests a second: none")
        say(f"flood: {turned_away:.0f} requests a second were turned away")
        return report

    def refused(self):
        """What somebody costs who cannot sign, beside a handshake."""
        self.add("badly signed", {p.name: lambda p=p: self.sample(p, READY_REFUSED, 1, 1022, genuine=False, status=401)
                                  for p in self.hubward()})
        handshake = lambda p: {**self.bench.loader.run(
            p, "/nothing", mode="handshake", connections=8, warmup=self.options.warmup, seconds=self.options.seconds, status=404),
            "rss_mb": machine.rss_mb(p.pids())}
        self.add("new TLS connection", {p.name: lambda p=p: handshake(p) for p in self.hubward()})

    def disk_per_event(self, hubward):
        """Of queued events of 1 KB; the log beside the file is counted too."""
        before, known = hubward.inbox_bytes(), hubward.events()
        self.sample(hubward, READY_SINGLE, 1, 1022)
        added = hubward.events() - known
        return (hubward.inbox_bytes() - before) / added if added else None


def judge(found, disk):
    known = {f"{row.case}/{row.program}": row for row in found}
    judged = []

    def add(what, value, *bounds, **more):
        judged.append(Judgement(what, value, *bounds, **more))

    ours, express = known.get("1KB/hubward"), known.get("1KB/express-sdk")
    if ours and express:
        add("CPU to express + SDK, 1 KB", ours.cpu_us / express.cpu_us, 1 / 3, 0.2)
    if ours:
        add(f"requests a second of 1 KB over {CONNECTIONS} connections", ours.rps, 3000, None, at_least=True)
    if batch := known.get("100 events/hubward"):
        add("durable events a second in batches of 100", batch.rps * BATCH, 10_000, 25_000, at_least=True)
    if steady := known.get(f"1KB at {STEADY_RATE}/s/hubward"):
        add(f"ms of the answer, p99, at {STEADY_RATE} requests a second", steady.p99_us / 1000, 50, None)
    if flooded := known.get(f"1KB at {STEADY_RATE}/s, flooded/hubward"):
        add("p99 beside a flood to p99 without", flooded.p99_us / steady.p99_us, 2, None)
    refused, handshake = known.get("badly signed/hubward"), known.get("new TLS connection/hubward")
    if refused and handshake:
        add("CPU of a badly signed request to that of a TLS handshake", refused.cpu_us / handshake.cpu_us, 1, None)
    if disk:
        add("bytes of disk for a queued event of 1 KB", disk, 3072, None)
    return judged


def measure(bench, wanted):
    running = [kind(bench) for kind in KINDS if kind.name in wanted.programs]
    bench.start(running)
    work = Webhooks(bench, wanted)
    hubward = next((p for p in running if p.name == "hubward"), None)
    for step in (work.single, work.batches, work.steady, work.flooded, work.refused):
        say(step.__name__)
        step()
    say("disk")
    return work.rows, work.disk_per_event(hubward) if hubward else None


def arguments(words):
    parser = argparse.ArgumentParser(prog="./dev bench webhooks", description=__doc__)
    every = [kind.name for kind in KINDS]
    parser.add_argument("--programs", type=lambda text: text.split(","), default=every, help=f"of {','.join(every)}")
    parser.add_argument("--rounds", type=int, default=5, help="good runs of each that the median is taken of (5)")
    parser.add_argument("--seconds", type=float, default=2, help="how long one run measures (2)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order of runs")
    parser.add_argument("--accept-noise", action="store_true", help="count disturbed runs too, to try the benchmark itself")
    parser.add_argument("--result", type=pathlib.Path, default=RESULT, help="where the JSON goes (build/bench/webhooks.json)")
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release", help="where hubward is")
    wanted = parser.parse_args(words)
    wanted.binaries, wanted.result = wanted.binaries.resolve(), wanted.result.resolve()
    wanted.warmup = min(0.5, wanted.seconds / 4)
    for word in wanted.programs:
        if word not in every:
            parser.error(f"there is no program '{word}'; there are {', '.join(every)}")
    if not 1 <= wanted.rounds <= 50 or not 0.05 <= wanted.seconds <= 60:
        parser.error("--rounds is 1 to 50, --seconds 0.05 to 60")
    return wanted


def main():
    wanted = arguments(sys.argv[1:])
    begun, bench = time.monotonic(), None
    try:
        needs = [str(wanted.binaries / "hubward"), str(wanted.binaries / "hubward-load"), "taskset"]
        needs += [need for kind in KINDS if kind.name in wanted.programs for need in kind.needs]
        if missing := programs.missing(needs):
            raise Trouble(f"not installed: {', '.join(missing)}; ./dev bench installs what it needs")
        bench = Run(wanted.result.with_suffix(""), wanted.binaries, wanted.accept_noise)
        found, disk = measure(bench, wanted)
    except Trouble as trouble:
        print(f"./dev bench webhooks: {trouble}", file=sys.stderr)
        return 2
    finally:
        if bench:
            bench.stop()
    return conclude(wanted.result, found, judge(found, disk), begun)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
