# SPDX-License-Identifier: Apache-2.0
"""Three processes on one store renew one grant, while they are killed, stopped for longer than a lease, and answered
late, with errors or not at all. The grant stays good, nobody calls it dead, all end with the same token, and HubSpot is
asked more often than tokens were stored only where a disturbance explains it. The seed is printed, HUBWARD_SEED repeats
the choice of disturbances (not their moments: these are real processes)."""
import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import threading
import time

import story

SEED = int(os.environ.get("HUBWARD_SEED", secrets.randbelow(1_000_000)))
DISTURBANCES = int(os.environ.get("HUBWARD_DISTURBANCES", 1000 if story.LONG else 25))
NODES = 3
LEASE_MS = 700
TOKEN_LIFE_S = 3
TOKEN_CALL = "/oauth/2026-03/token"


class Node:
    def __init__(self, name, demo, folder):
        self.name, self.demo, self.folder = name, demo, folder
        self.answers, self.process, self.starts = [], None, 0
        self.start()

    def start(self):
        self.starts += 1
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(story.binaries() / "tests/refreshing_node"), str(self.demo.config), self.name, str(LEASE_MS)],
                stdout=subprocess.PIPE, stderr=log, text=True)
        threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True).start()

    def read(self, lines):
        with lines:
            for line in lines:
                self.answers.append(json.loads(line))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop_for(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)


class SeveralNodes(story.Story):
    log_level = "info"

    @classmethod
    def arrange(cls):
        print(f"\nHUBWARD_SEED={SEED}, {DISTURBANCES} disturbances", flush=True)
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})
        cls.demo.ask_sandbox("PATCH", f"/apps/{cls.demo.APP}", {"token_life_s": TOKEN_LIFE_S})

    def stored(self):
        with sqlite3.connect(f"file:{self.demo.folder / 'store/vault.db'}?mode=ro", uri=True) as database:
            return database.execute("SELECT g.generation, c.state FROM grants g JOIN connections c ON c.name = g.connection "
                                    "WHERE c.name = ?", (self.demo.CONNECTION,)).fetchone()

    def refreshes(self):
        grants = self.demo.ask_sandbox("GET", "/counters")["grants"]
        return sum(g["refreshes"] for g in (grants.values() if isinstance(grants, dict) else grants))

    def run_nodes(self, disturb, count):
        nodes = [Node(f"node{i}", self.demo, self.folder) for i in range(NODES)]
        try:
            self.eventually("every node has a token", lambda: all(n.answers for n in nodes))
            for _ in range(count):
                time.sleep(self.random.uniform(0.05, 0.5))
                disturb(nodes)
            self.demo.ask_sandbox("DELETE", "/faults")
            # Everything comes right: all have the newest token, from a renewal after the last disturbance.
            beginning = self.stored()[0]
            self.eventually("a renewal afterwards that all use", lambda: self.stored()[0] > beginning and all(
                n.answers[-1] == {"generation": self.stored()[0]} for n in nodes), 60)
            said = [a for n in nodes for a in n.answers]
            self.assertFalse([a for a in said if a.get("error") == "GRANT_DEAD"])
            self.assertEqual(self.stored()[1], 0)
            return sum(n.starts for n in nodes), sum("error" in a for a in said)
        except AssertionError:
            for node in nodes:
                print(f"{node.name}: {node.answers[-5:]}\n" + (self.folder / f"{node.name}.log").read_text()[-2000:], flush=True)
            raise
        finally:
            for node in nodes:
                node.kill()

    def test_a_grant_outlives_whatever_happens_to_three_processes(self):
        self.demo.stop_gateway()
        for rotates in (False, True):
            self.random = random.Random(SEED)
            with self.subTest(rotates=rotates):
                self.measure(rotates)

    def measure(self, rotates):
        self.demo.ask_sandbox("PATCH", f"/apps/{self.demo.APP}", {"rotates_refresh_tokens": rotates})
        done = {"kill": 0, "stop": 0, "late": 0, "busy": 0, "lost": 0}

        def disturb(nodes):
            # Where HubSpot rotates, a kill or a lost answer between its answer and our commit does lose the grant:
            # the one window (docs/refresh.md). The simulation counts it; here it is left out.
            kind = self.random.choice(["stop", "late", "busy"] if rotates else list(done))
            done[kind] += 1
            node = self.random.choice(nodes)
            if kind == "kill":
                node.kill()
                node.start()
            elif kind == "stop":
                node.stop_for(self.random.choice([0.1, 0.3, 2 * LEASE_MS / 1000, 3 * LEASE_MS / 1000]))
            elif kind == "late":
                self.fault({"delay_ms": self.random.choice([200, LEASE_MS, 3 * LEASE_MS])})
            elif kind == "busy":
                self.fault({"status": 503})
            else:
                self.fault({"cut": "after_effect"})

        before, stored = self.refreshes(), self.stored()[0]
        starts, errors = self.run_nodes(disturb, DISTURBANCES)
        asked, kept = self.refreshes() - before, self.stored()[0] - stored
        print(f"rotation {'on' if rotates else 'off'}: {done}; processes started {starts}, answers without a token "
              f"{errors}; HubSpot renewed {asked} times, {kept} were stored", flush=True)
        excused = done["kill"] + done["stop"] + done["lost"]
        self.assertLessEqual(asked - kept, excused)

    def fault(self, rule):
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": TOKEN_CALL, "times": 1, **rule})


if __name__ == "__main__":
    story.main()
