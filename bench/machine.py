# SPDX-License-Identifier: Apache-2.0
"""The machine under measurement: its two cores, what ran on them, and whether something disturbed."""
import os
import pathlib
import platform
import re

PROGRAM_CORE, LOAD_CORE = 0, 1
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def cores():
    return len(os.sched_getaffinity(0))


def pinned(core, words):
    return ["taskset", "-c", str(core), *map(str, words)]


def family(pid):
    """The process and all that it started."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                pass
    return found


def run_ns(pids):
    """How long the processes have run, all their threads, as the scheduler counts it."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                pass
    return total


def rss_mb(pids):
    """Resident memory; what several processes of a program share is counted once (proportional set size)."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
    return total / 1024


def core_times(core):
    """Busy and stolen time of a core in nanoseconds, to the tick."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
            return (user + nice + system + irq + softirq) * TICK_NS, steal * TICK_NS
    raise RuntimeError(f"/proc/stat has no core {core}")


class Disturbance:
    """What others took of a program's core between start and end, as shares of the time."""

    def __init__(self, clock, pids, core):
        self.clock, self.pids, self.core = clock, pids, core
        self.begun, self.busy, self.steal, self.own = clock(), *core_times(core), run_ns(pids)

    def shares(self):
        wall = (self.clock() - self.begun) * 1e9
        busy, steal = core_times(self.core)
        foreign = (busy - self.busy) - (run_ns(self.pids) - self.own)
        return max(0.0, foreign / wall), (steal - self.steal) / wall


def description():
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    virtual = "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text()
    return {"processor": model[1] if model else platform.processor(), "cores": os.cpu_count(),
            "memory_gb": round(int(memory[1]) / 1024 / 1024), "kernel": platform.release(), "virtual": virtual}
