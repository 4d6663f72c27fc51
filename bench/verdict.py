# SPDX-License-Identifier: Apache-2.0
"""What the figures must show: each bound with the aim beyond it, judged from the rows alone."""
import dataclasses


@dataclasses.dataclass
class Judgement:
    what: str
    value: float
    bound: float
    aim: float | None
    at_least: bool = False

    @property
    def kept(self):
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def text(self):
        relation = "at least" if self.at_least else "at most"
        aim = "" if self.aim is None else f", aim {self.aim:g}"
        return f"{'kept  ' if self.kept else 'MISSED'}  {self.what}: {self.value:.2f} ({relation} {self.bound:g}{aim})"


# what, (row, field) above, (row, field) below, bound, aim, at least; rows are workload/case/program.
RATIOS = (
    ("CPU of floor to nginx, 1 KB", "floor/1KB/hubward.cpu_us", "floor/1KB/nginx.cpu_us", 1.00, 0.90, False),
    ("CPU of whole to nginx's floor, 1 KB", "whole/1KB/hubward.cpu_us", "floor/1KB/nginx.cpu_us", 1.20, 1.00, False),
    ("CPU of whole to nginx + Lua, 1 KB", "whole/1KB/hubward.cpu_us", "whole/1KB/nginx-lua.cpu_us", 1.00, 0.85, False),
    ("CPU of fastify's floor to whole, 1 KB", "floor/1KB/fastify.cpu_us", "whole/1KB/hubward.cpu_us", 3.5, None, True),
    ("p99 of whole to nginx's floor at 50 % of each one's maximum", "whole/1KB at 50%/hubward.p99_us",
     "floor/1KB at 50%/nginx.p99_us", 1.20, 1.00, False),
    ("p99 of good clients beside 10,000 idle ones, to alone", "idle/10k idle clients/hubward.p99_us",
     "idle/quiet/hubward.p99_us", 2.0, None, False),
    ("p99 of good clients beside 10,000 slow ones, to alone", "idle/10k slow clients/hubward.p99_us",
     "idle/quiet/hubward.p99_us", 2.0, None, False),
    ("memory after aborts to before", "idle/after aborts/hubward.rss_mb", "idle/before aborts/hubward.rss_mb", 1.02, None,
     False),
)
FIGURES = (
    ("MB with 10,000 idle clients", "idle/10k idle clients/hubward.rss_mb", 300, 150),
    ("MB with 10,000 slow clients", "idle/10k slow clients/hubward.rss_mb", 300, 150),
    ("ms from start to ready", "idle/start/hubward.p50_us", 200, None),
    ("MB with 1,000 connections configured", "idle/1k connections/hubward.rss_mb", 30, None),
)
# Below it load or upstream, not the program, would set the pace.
LEAST_BUSY = 0.9


def judge(rows):
    """Every judgement that the rows allow."""
    known = {f"{row.workload}/{row.case}/{row.program}": row for row in rows}

    def value(place):
        key, _, field = place.rpartition(".")
        return getattr(known[key], field) if key in known else None

    found = []
    for what, above, below, bound, aim, at_least in RATIOS:
        a, b = value(above), value(below)
        if a and b:
            found.append(Judgement(what, a / b, bound, aim, at_least))
    for what, place, bound, aim in FIGURES:
        a = value(place)
        if a is not None:
            found.append(Judgement(what, a / 1000 if place.endswith("_us") else a, bound, aim))
    busy = [row.cpu_us * row.rps / 1e6 for row in rows if row.case == "1KB" and row.program != "upstream"]
    if busy:
        found.append(Judgement("how busy load and upstream kept the program's core, the least of all at 1 KB", min(busy),
                               LEAST_BUSY, None, True))
    return found
