# SPDX-License-Identifier: Apache-2.0
"""Samples become rows (medians with their spread), rows become JSON and a table for people."""
import dataclasses
import json
import statistics


@dataclasses.dataclass
class Row:
    workload: str
    case: str
    program: str
    cpu_us: float | None = None
    cpu_us_min: float | None = None
    cpu_us_max: float | None = None
    rps: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None
    rss_mb: float | None = None
    note: str = ""
    samples: int = 0
    thrown: int = 0  # runs that were disturbed and do not count


def row_of(workload, case, program, samples, thrown=0, note=""):
    median = lambda name: round(statistics.median(s[name] for s in samples), 1)
    cpu = [s["cpu_us"] for s in samples]
    return Row(workload, case, program, median("cpu_us"), round(min(cpu), 1), round(max(cpu), 1), median("rps"),
               median("p50_us"), median("p99_us"), median("rss_mb"), note, len(samples), thrown)


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(dataclasses.asdict(row)) for row in rows) + "\n]\n")


def read(path):
    return [Row(**row) for row in json.loads(path.read_text())]


def number(value):
    if value is None:
        return ""
    return f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


HEADS = ("workload", "case", "program", "CPU µs", "min-max", "req/s", "p50 µs", "p99 µs", "RSS MB", "runs", "thrown", "note")


def cells(row):
    spread = f"{number(row.cpu_us_min)}-{number(row.cpu_us_max)}" if row.cpu_us_min is not None else ""
    return (row.workload, row.case, row.program, number(row.cpu_us), spread, number(row.rps), number(row.p50_us),
            number(row.p99_us), number(row.rss_mb), str(row.samples), str(row.thrown), row.note)


def table(rows):
    lines = [HEADS, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    shown = lambda line: "  ".join(text.ljust(w) if i in (0, 1, 2, 11) else text.rjust(w)
                                   for i, (text, w) in enumerate(zip(line, widths))).rstrip()
    return "\n".join(map(shown, lines))
