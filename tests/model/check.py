#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the model of the refresh protocol (refresh.pml) with spin: no assertion fails in any interleaving, with and
without rotation of refresh tokens; and each deliberate breakage does fail one. Prints the states visited.

Two disturbances in a run; three with HUBWARD_LONG=1 (a minute of computing and 1.5 GB more).
Exit code 0: all as it should be; 1: not; 77: spin is not installed."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

DISTURBANCES = 3 if os.environ.get("HUBWARD_LONG") == "1" else 2
MODEL = pathlib.Path(__file__).resolve().parent / "refresh.pml"
# Number, and whether it shows only where HubSpot rotates.
MUTANTS = {"NO_FENCING": (1, False), "NO_LOOK_UNDER_LEASE": (2, False), "USED_BEFORE_STORED": (3, False),
           "NEVER_DOUBTED": (4, True), "NO_LEASE": (5, False), "LEFT_OPEN_FORGOTTEN": (6, True),
           "ANSWER_DROPPED": (7, True), "NEWER_SETTLES": (8, True)}


def verify(folder, name, *definitions):
    subprocess.run(["spin", "-Pclang-22 -E -x c", "-a", f"-DDISTURBANCES={DISTURBANCES}", *definitions, str(MODEL)], cwd=folder, check=True, capture_output=True)
    subprocess.run(["clang-22", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2048", "-o", "pan", "pan.c"], cwd=folder, check=True,
                   capture_output=True)
    run = subprocess.run(["./pan", "-m200000", "-n"], cwd=folder, capture_output=True, text=True, check=False)
    errors = re.search(r"errors: (\d+)", run.stdout)
    states = re.search(r"(\S+) states, stored", run.stdout)
    everything = run.stdout + run.stderr
    incomplete = any(sign in everything for sign in ("max search depth too small", "out of memory", "MEMLIM"))
    if errors is None or (incomplete and errors[1] == "0"):
        sys.exit(f"{name}: the search was not finished:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return int(errors[1]), states[1] if states else "?", run.stdout


def main():
    if not shutil.which("spin"):
        print("spin is not installed; `./dev test` installs it")
        sys.exit(77)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, flags in (("rotation off", ()), ("rotation on", ("-DROTATES",))):
            errors, states, output = verify(folder, name, *flags)
            print(f"{name:22} {states} states: {'nothing broken' if not errors else output}", flush=True)
            wrong += errors > 0
        for name, (number, rotates) in MUTANTS.items():
            flags = (f"-DMUTANT={number}", *(("-DROTATES",) if rotates else ()))
            errors, states, _ = verify(folder, name, *flags)
            print(f"{name.lower():22} {states} states: {'found' if errors else 'NOT FOUND'}", flush=True)
            wrong += errors == 0
    sys.exit(1 if wrong else 0)


main()
