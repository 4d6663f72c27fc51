# SPDX-License-Identifier: Apache-2.0
"""Runs the load generator (bench/main.cpp) against a program and answers what it measured."""
import json
import subprocess
import time

import machine
from demo import Trouble

# What a caller with HubSpot's SDK sends.
FIELDS = ("Accept: application/json", "Content-Type: application/json", "User-Agent: hubspot-api-client-nodejs; 14.0.1",
          "Accept-Encoding: gzip,deflate", "Connection: keep-alive")
# Beyond these shares of the program's core a run says nothing.
MOST_FOREIGN, MOST_STEAL = 0.03, 0.02


class Loader:
    def __init__(self, program, ca_file, accept_noise):
        self.program, self.ca_file, self.accept_noise = str(program), str(ca_file), accept_noise

    def words(self, port, path, key, core=machine.LOAD_CORE, **options):
        words = [self.program, "--to", f"127.0.0.1:{port}", "--ca", self.ca_file, "--path", path]
        for field in (*FIELDS, f"Authorization: Bearer {key}"):
            words += ["--field", field]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, str(value)]
        return machine.pinned(core, words)

    def start_behind(self, port, path, key, **options):
        """One that leaves the core to the measured load whenever that has something to do: what these clients spend
        themselves would not be spent on the gateway's neighbours in the world."""
        words = ["chrt", "--idle", "0", *self.words(port, path, key, **options)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    @staticmethod
    def finish(process, what):
        printed, complaints = process.communicate(timeout=7300)
        if process.returncode == 2 or not printed.strip():
            raise Trouble(f"{what}: the load generator ended with {process.returncode}: {complaints.strip()}")
        report = json.loads(printed.splitlines()[-1])
        if not report["valid"]:
            counts = {name: report[name] for name in ("errors", "bad_status", "unfinished")}
            raise Trouble(f"{what}: the run is invalid, {counts}, first: {report['first_error']}")
        return report

    def run(self, program, path, **options):
        """One run against a program; with what disturbed it as `foreign` and `steal`."""
        pids = program.pids()
        words = self.words(program.port, path, program.key, **options)
        for pid in pids:
            words += ["--watch", str(pid)]
        disturbance = machine.Disturbance(time.monotonic, pids, program.core)
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        report = self.finish(process, program.name)
        report["foreign"], report["steal"] = disturbance.shares()
        disturbed = report["foreign"] > MOST_FOREIGN or report["steal"] > MOST_STEAL
        report["noisy"] = disturbed and not self.accept_noise
        return report
