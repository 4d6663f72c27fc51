# SPDX-License-Identifier: Apache-2.0
"""`idle` and `portals`: what Hubward costs when much is configured, much is connected, or much is broken off."""
import resource
import statistics

import machine
from demo import Trouble
from programs import PATHS
from rows import Row, row_of
from settled_gateway import PortalsHubward, SettledHubward, read_metric
from workloads import say

CONFIGURED, PORTALS, HELD = 1000, 10_000, 10_000
GOOD_RATE, GOOD_CONNECTIONS = 2000, 32
DRIP_MS = 4000   # each slow client's next byte; slower than the head's time-out allows, so they are refused in turn
FEW_ABORTS = 20_000
WIDE = 1000      # connections of one client: it may have no more


class Holding:
    def __init__(self, work):
        self.work, self.bench, self.options = work, work.bench, work.options
        self.rows = work.rows

    def figure(self, case, note="", **values):
        self.rows.append(Row("idle", case, "hubward", note=note, samples=1, **values))

    def idle(self):
        gateway = SettledHubward(self.bench, CONFIGURED - 1, "hubward-idle")
        self.bench.start([gateway])
        say(f"bringing in {CONFIGURED} connections")
        came, trouble = gateway.settle()
        if trouble:
            raise Trouble(f"only {came} of {CONFIGURED} connections came in: {trouble}")
        self.start_up(gateway)
        self.quiet(gateway)
        # Each from a fresh start: what one leaves in the heap is not the next one's.
        for step in (lambda: self.held(gateway, "10k idle clients", {}),
                     lambda: self.held(gateway, "10k slow clients", {"drip_ms": DRIP_MS}), lambda: self.aborts(gateway)):
            gateway.stop()
            gateway.start()
            step()
        self.bench.stop([gateway])

    def start_up(self, gateway):
        times, sizes = [], []
        for _ in range(self.options.rounds):
            gateway.stop()
            times.append(gateway.ready_seconds())
            sizes.append(machine.rss_mb(gateway.pids()))
        self.figure("start", f"p50 is from exec to /readyz, {CONFIGURED} connections in the store",
                    p50_us=round(statistics.median(times) * 1e6))
        self.figure("1k connections", "after start, before the first call", rss_mb=round(statistics.median(sizes), 1))

    def good(self, gateway):
        return self.work.sample(gateway, PATHS["1KB"], mode="open", rate=GOOD_RATE, connections=GOOD_CONNECTIONS,
                                warmup=self.options.warmup, seconds=self.options.seconds)

    def rounds_of(self, gateway, case, note):
        good, thrown = self.work.rounds.take({case: lambda: self.good(gateway)})[case]
        if not good:
            say(f"{case}: every run was disturbed; no row")
            return
        self.rows.append(row_of("idle", case, "hubward", good, thrown, note))

    def quiet(self, gateway):
        self.rounds_of(gateway, "quiet", f"{GOOD_RATE} calls a second, nobody else")

    def held(self, gateway, case, how):
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        # Half of the descriptors are the egress door's (docs/configuration.md), and the good clients need theirs.
        count = min(HELD, allowed // 2 - GOOD_CONNECTIONS - 10, HELD - GOOD_CONNECTIONS - 10)
        time_for_all = (self.options.rounds + 4) * (self.options.seconds + 1) + 5
        holder = self.bench.loader.start_behind(gateway.port, PATHS["1KB"], gateway.key, mode="hold", connections=count,
                                         seconds=time_for_all, **how)
        try:
            if not holder.stdout.readline().startswith('{"holding"'):
                raise Trouble(f"{case}: {holder.stderr.read().strip()}")
            self.rounds_of(gateway, case, f"{count} held, and {GOOD_RATE} calls a second of others")
        finally:
            holder.terminate()
            holder.communicate()

    def aborts(self, gateway):
        """A tenth of the requests is cut by closing their connection; what memory is there after few and after many."""
        many = self.options.aborts
        run = lambda count: self.bench.loader.run(gateway, PATHS["32KB"], connections=32, aborts=0.1, requests=count,
                                                  seconds=3600)
        for case, count in (("before aborts", FEW_ABORTS), ("after aborts", many)):
            report = run(count)
            self.figure(case, f"{report['answered']} requests answered, {report['cut']} cut",
                        rss_mb=round(machine.rss_mb(gateway.pids()), 1))

    def portals(self):
        gateway = PortalsHubward(self.bench, PORTALS, "hubward-portals")
        self.bench.start([gateway])
        say(f"connecting {PORTALS} accounts through OAuth")
        came, trouble = gateway.settle()
        say(f"{came} of {PORTALS} are connected" + (f"; the first that is not: {trouble}" if trouble else ""))
        keys = gateway.clients(came, WIDE)
        if not keys:
            raise Trouble(f"too few accounts are connected to measure: {trouble}")
        turns = iter(range(10**6))

        def sample():
            first, key = keys[next(turns) % len(keys)]
            gateway.key = key
            return self.work.sample(gateway, "/c/p{n}" + PATHS["1KB"], numbers=WIDE, first=first, connections=32, warmup=3,
                                    seconds=self.options.seconds)
        good, thrown = self.work.rounds.take({"portals": sample})["portals"]
        renewals = read_metric(gateway, "hubward_grant_renewals_total")
        note = f"{came} of {PORTALS} accounts connected; each run calls {WIDE} of them; {renewals:.0f} renewals"
        if good:
            self.rows.append(row_of("portals", f"{PORTALS // 1000}k connections", "hubward", good, thrown, note))
        self.bench.stop([gateway])
