#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Offers three times what HubSpot allows: twenty clients of mixed class and weight, three accounts, against the sandbox's
limits. First in virtual time (the gateway's lines alone, with and without others who spend from the same budgets), then in
real time through Hubward, through a proxy that waits with bottleneck (npm) and through nginx with limit_req, each for as long.
Prints a table, writes build/bench/pacing.json, and ends with 0 when every bound is kept, 1 when one is missed, 2 on wrong use."""
import argparse
import asyncio
import json
import pathlib
import random
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import programs  # noqa: E402
from demo import Demo, Ports, Trouble, free_ports, write_private  # noqa: E402
from verdict import Judgement  # noqa: E402

RESULT = ROOT / "build/bench/pacing.json"
# App of the sandbox, its account, what it may do there in ten seconds.
ACCOUNTS = (("private", 9100001, 190), ("service", 9100002, 190), ("free", 9100003, 100))
CLASSES = (("interactive", 16), ("normal", 4), ("bulk", 1))
CLIENTS, WEIGHTS = 20, 4
OFFERED = 3
WARM_UP = 10  # seconds: the first window
LONGEST_WAIT = 30

APP = """
[apps.{app}]
kind = "private"
simulator = true
simulator_api = "{api}"
simulator_ca = "{ca}"
"""
ROLE = """
[roles.{name}]
priority = "{priority}"
weight = {weight}
[[roles.{name}.rules]]
name = "reads"
objects = ["*"]
actions = ["view"]
"""


class Client:
    def __init__(self, number):
        self.number = number
        self.priority, share = CLASSES[number % len(CLASSES)]
        self.weight = 1 + number % WEIGHTS
        self.role = f"{self.priority}_{self.weight}"
        self.share = share * self.weight
        self.key = None
        self.went = 0


def fairness(clients, priority):
    """Jain's index of what each of a class got for its weight: 1 when all got the same."""
    got = [client.went / client.weight for client in clients if client.priority == priority]
    return sum(got) ** 2 / (len(got) * sum(x * x for x in got)) if any(got) else 0.0


class Hubward:
    name, note = "hubward", "learns the limits; classes and weights"

    def __init__(self, demo):
        self.demo, self.tls = demo, ssl.create_default_context(cafile=demo.ca_file)
        self.port = demo.ports.egress

    def request(self, client, app, _):
        return f"/c/{app}/crm/v3/objects/contacts?limit=1", client.key

    def stop(self):
        pass


class Peer:
    """Knows the limits from its configuration, and no clients."""
    tls = None

    def __init__(self, demo, folder, tokens):
        self.tokens, self.port = tokens, free_ports(1)[0]
        self.process = subprocess.Popen(self.words(demo, folder), stdout=subprocess.DEVNULL,
                                        stderr=open(folder / f"{self.name}.log", "w"))
        deadline = time.monotonic() + 20
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Trouble(f"{self.name} does not start: {(folder / f'{self.name}.log').read_text()[-500:]}")
            time.sleep(0.05)

    def answers(self):
        import socket
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def request(self, client, app, _):
        return f"/{app}/crm/v3/objects/contacts?limit=1", self.tokens[app]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Bottleneck(Peer):
    name, note = "bottleneck", "a reservoir for each account, refilled every ten seconds, as its manual shows"

    def words(self, demo, folder):
        settings = folder / "bottleneck.json"
        write_private(settings, json.dumps({"port": self.port, "upstream": demo.sandbox_api, "ca": demo.ca_file,
                                            "limits": {app: limit for app, _, limit in ACCOUNTS}}))
        return [str(programs.NODE.resolve()), str(programs.PEERS / "pacing_bottleneck.mjs"), str(settings)]


class Nginx(Peer):
    name, note = "nginx", "limit_req at a tenth of the limit a second, with a queue of a window"

    def words(self, demo, folder):
        run = folder / "nginx"
        run.mkdir()
        zones = "".join(f"limit_req_zone $server_name zone={app}:1m rate={limit * 6}r/m;\n" for app, _, limit in ACCOUNTS)
        places = "".join(f"""location /{app}/ {{ limit_req zone={app} burst={limit}; proxy_pass {demo.sandbox_api}/; }}
""" for app, _, limit in ACCOUNTS)
        text = (programs.PEERS / "pacing_nginx.conf").read_text()
        for mark, value in (("@RUN@", str(run)), ("@PORT@", str(self.port)), ("@ZONES@", zones), ("@PLACES@", places),
                            ("@CA@", demo.ca_file)):
            text = text.replace(mark, value)
        (run / "nginx.conf").write_text(text)
        return ["nginx", "-p", str(run), "-e", str(run / "error.log"), "-c", str(run / "nginx.conf")]


class Load:
    """Calls that come when they come, whether earlier ones were answered or not."""

    def __init__(self, program, clients, seconds, seed):
        self.program, self.clients, self.seconds, self.random = program, clients, seconds, random.Random(seed)
        self.asked, self.status, self.waits, self.broken = 0, {}, [], 0

    async def one(self, client, app, place):
        began = time.monotonic()
        target, key = self.program.request(client, app, place)
        self.asked += 1
        writer = None
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                reader, writer = await asyncio.open_connection(
                    "localhost" if self.program.tls else "127.0.0.1", self.program.port, ssl=self.program.tls)
                writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                             "Connection: close\r\n\r\n".encode())
                status = int((await reader.readline()).split()[1])
                await reader.read()
        except (OSError, TimeoutError, IndexError, ValueError):
            self.broken += 1
            return
        finally:
            if writer:
                writer.close()
        self.status[status] = self.status.get(status, 0) + 1
        if status == 200:
            client.went += 1
            self.waits.append(time.monotonic() - began)

    async def run(self):
        total = sum(client.share for client in self.clients)
        begin, tasks = time.monotonic(), []
        plan = []
        for place, (app, _, limit) in enumerate(ACCOUNTS):
            for client in self.clients:
                rate = OFFERED * limit / 10 * client.share / total
                at = self.random.random() / rate
                while at < self.seconds:
                    plan.append((at, client, app, place))
                    at += 2 * self.random.random() / rate
        for at, client, app, place in sorted(plan, key=lambda step: step[0]):
            await asyncio.sleep(max(0.0, begin + at - time.monotonic()))
            tasks.append(asyncio.create_task(self.one(client, app, place)))
        await asyncio.gather(*tasks)


def virtual(binaries, *flags):
    words = [str(binaries / "hubward-pacing"), *map(str, flags)]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def real(demo, program, clients, seconds, seed):
    for client in clients:
        client.went = 0
    # The windows of whoever was measured before are over.
    demo.ask_sandbox("POST", "/clock", {"advance_ms": 11_000})
    demo.ask_sandbox("DELETE", "/counters")
    load, begun = Load(program, clients, seconds, seed), time.monotonic()
    asyncio.run(load.run())
    took = time.monotonic() - begun  # the last calls waited longer than new ones came
    by_status = demo.ask_sandbox("GET", "/counters")["by_status"]
    done, refused = by_status.get("200", 0), by_status.get("429", 0)
    allowed = sum(limit for _, _, limit in ACCOUNTS) * took / 10
    waits = sorted(load.waits) or [0.0]
    return {"workload": "pacing", "case": f"{seconds} s", "program": program.name, "asked": load.asked, "answered": done,
            "refused_by_hubspot": refused, "refused_share": refused / max(1, done + refused), "used": done / allowed,
            "turned_away": load.status.get(429, 0), "broken": load.broken,
            "fairness": {name: round(fairness(clients, name), 4) for name, _ in CLASSES},
            "p50_us": round(waits[len(waits) // 2] * 1e6), "p99_us": round(waits[int(len(waits) * 0.99)] * 1e6),
            "note": program.note}


def prepare(folder, binaries):
    demo = Demo(folder / "demo", binaries, Ports.free(), "error")
    demo.prepare()
    demo.start_sandbox()
    clients = [Client(number) for number in range(CLIENTS)]
    roles = {client.role: client for client in clients}
    extra = "".join(APP.format(app=app, api=demo.sandbox_api, ca=demo.ca_file) for app, _, _ in ACCOUNTS)
    extra += "".join(ROLE.format(name=role, priority=one.priority, weight=one.weight) for role, one in roles.items())
    demo.write_configuration(extra)
    demo.start_gateway()
    tokens = {app["name"]: app["token"] for app in demo.world["apps"] if app.get("token")}
    for app, _, _ in ACCOUNTS:
        demo.hubward("connection", "add", app, "--app", app, secret_input=tokens[app] + "\n")
    for client in clients:
        words = [word for app, _, _ in ACCOUNTS for word in ("--connection", app)]
        client.key = demo.hubward("client", "create", f"client-{client.number}", "--role", client.role, *words)["key"]
    return demo, clients, tokens


def judgements(rows):
    found = []
    for row in rows:
        where = f"{row['program']}, {row['case']}"
        if row["program"] != "hubward":
            continue
        if "others" in row["case"]:
            found.append(Judgement(f"% refused by HubSpot ({where})", 100 * row["refused_share"], 0.5, None))
            continue
        in_time = "virtual" not in row["case"]
        found.append(Judgement(f"% refused by HubSpot ({where})", 100 * row["refused_share"], 0.1 if in_time else 0, None))
        found.append(Judgement(f"% of the budget used ({where})", 100 * row["used"], 95 if in_time else 98, None, True))
        for name, value in row["fairness"].items():
            found.append(Judgement(f"Jain's index of {name} ({where})", value, 0.95, None, True))
        if "wait_to_bound" in row:
            found.append(Judgement(f"p99 of wait to its bound ({where})", row["wait_to_bound"]["p99"], 1.1, None))
    return found


def table(rows):
    lines = [f"{'program':11} {'case':22} {'asked':>6} {'done':>6} {'429s':>5} {'used %':>7} {'interactive':>11} {'normal':>7} "
             f"{'bulk':>6} {'p50 ms':>7} {'p99 ms':>7}"]
    for row in rows:
        fair = row["fairness"]
        lines.append(f"{row['program']:11} {row['case']:22} {row['asked']:6} {row['answered']:6} {row['refused_by_hubspot']:5} "
                     f"{100 * row['used']:7.1f} {fair['interactive']:11.3f} {fair['normal']:7.3f} {fair['bulk']:6.3f} "
                     + (f"{row['p50_us'] / 1000:7.0f} {row['p99_us'] / 1000:7.0f}" if "p50_us" in row else f"{'-':>7} {'-':>7}"))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench pacing", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="of real time for each program (120); 0: virtual time only")
    parser.add_argument("--programs", default="hubward,bottleneck,nginx", help="of hubward,bottleneck,nginx")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which calls come (1)")
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release", help="where hubward is")
    parser.add_argument("--result", type=pathlib.Path, default=RESULT, help="where the JSON goes (build/bench/pacing.json)")
    wanted = parser.parse_args()
    chosen = [name for name in wanted.programs.split(",") if name]
    if any(name not in ("hubward", "bottleneck", "nginx") for name in chosen) or not (wanted.seconds == 0 or wanted.seconds >= 20):
        parser.error("--programs are of hubward, bottleneck, nginx; --seconds is 0, or 20 and more")
    rows = []
    for case, flags in (("virtual", ()), ("virtual, others 50 %", ("--others", 50))):
        one = virtual(wanted.binaries, "--seconds", 1200, "--seed", wanted.seed, *flags)
        calls = one["answered"] + one["refused_by_hubspot"]
        rows.append(one | {"workload": "pacing", "case": case, "program": "hubward",
                           "refused_share": one["refused_by_hubspot"] / calls})
    cost = virtual(wanted.binaries, "--cost", 2_000_000)["ns_per_call"]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hubward-pacing-"))
    demo = None
    try:
        if wanted.seconds:
            demo, clients, tokens = prepare(folder, wanted.binaries)
            for name in chosen:
                print(f"{name}: {wanted.seconds} s", file=sys.stderr, flush=True)
                program = Hubward(demo) if name == "hubward" else {"bottleneck": Bottleneck, "nginx": Nginx}[name](
                    demo, folder, tokens)
                try:
                    rows.append(real(demo, program, clients, wanted.seconds, wanted.seed))
                finally:
                    program.stop()
    except Trouble as trouble:
        sys.exit(f"./dev bench pacing: {trouble}")
    finally:
        if demo:
            demo.stop()
        shutil.rmtree(folder, ignore_errors=True)
    wanted.result.parent.mkdir(parents=True, exist_ok=True)
    wanted.result.write_text(json.dumps(rows, indent=1) + "\n")
    found = [*judgements(rows), Judgement("ns of CPU for a call that need not wait", cost, 1000, None)]
    print(table(rows), "", *(one.text for one in found), sep="\n")
    print(f"\n{sum(one.kept for one in found)} of {len(found)} bounds kept")
    sys.exit(0 if all(one.kept for one in found) else 1)


if __name__ == "__main__":
    main()
