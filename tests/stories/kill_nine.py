# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: an interrupted connect leaves no half connection and a new invite works; a grant stays usable
through renewals and through a rotation of the root key; the store opens every time. Moments are both chosen (a call to
HubSpot is under way) and random; the seed is printed, HUBWARD_SEED repeats it."""
import http.client
import os
import random
import secrets
import subprocess
import threading
import time

import story

SEED = int(os.environ.get("HUBWARD_SEED", secrets.randbelow(1_000_000)))
ROUNDS = 4 if story.LONG else 1
# How long the sandbox takes to answer, so that a kill can fall into it.
DELAY_MS = 150
TOKEN_CALL, INTROSPECTION, DETAILS = "/oauth/2026-03/token", "/oauth/2026-03/token/introspect", "/account-info/"


class KillNine(story.Story):
    log_level = "info"
    kills = 0

    @classmethod
    def setUpClass(cls):
        print(f"\nHUBWARD_SEED={SEED}", flush=True)
        cls.random = random.Random(SEED)
        super().setUpClass()

    @classmethod
    def arrange(cls):
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})

    def kill_and_start(self):
        """The gateway starts again, the store is good, and what was connected before works."""
        type(self).kills += 1
        self.demo.kill_gateway()
        self.demo.start_gateway()
        checked = self.demo.run("store", "check")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        answer = self.demo.call("GET", "/crm/v3/objects/contacts?limit=1")
        self.assertEqual(answer.status, 200, answer.text)

    def connections(self):
        return {c["name"]: c for c in self.demo.hubward("connection", "list")["connections"]}

    def seen_by_sandbox(self, beginning):
        """How many calls to addresses that begin so HubSpot has taken in, answered or not."""
        return sum(call["target"].startswith(beginning) for call in self.demo.ask_sandbox("GET", "/calls")["calls"])

    def slow(self, beginning):
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": beginning, "delay_ms": DELAY_MS})

    def quick(self):
        self.demo.ask_sandbox("DELETE", "/faults")

    def assert_whole_or_absent(self, name, account):
        """Either it is there and works, or there is no trace of it and the name can be connected anew."""
        if name not in self.connections():
            self.demo.connect(account, name)
        self.assertEqual(self.connections()[name]["state"], "connected")
        self.assertEqual(self.connections()[name]["account"], account)
        client = f"client-of-{name}"
        key = self.demo.create_client(client, connection=name)
        answer = self.demo.call("GET", "/crm/v3/objects/contacts?limit=1", key=key)
        self.assertEqual(answer.status, 200, answer.text)

    def interrupted_connect(self, name, moment):
        account = 9100002
        invite = self.demo.invite(account, name)
        if moment == "invited":
            self.kill_and_start()
            return self.assert_whole_or_absent(name, account)
        callback, cookie = self.demo.begin_connect(account, name, invite)
        if moment == "at HubSpot":
            self.kill_and_start()
            return self.assert_whole_or_absent(name, account)
        # The callback never gets an answer, or does, whichever comes first.
        browser = threading.Thread(target=self.walk, args=(callback, cookie))
        if isinstance(moment, str):
            self.slow(moment)
            before = self.seen_by_sandbox(moment)
            browser.start()
            self.eventually(f"HubSpot is being asked for {moment}", lambda: self.seen_by_sandbox(moment) > before)
        else:
            browser.start()
            time.sleep(moment)  # the moment is what is tried, not what is waited for
        self.demo.kill_gateway()
        browser.join()
        self.quick()
        self.demo.start_gateway()
        type(self).kills += 1
        checked = self.demo.run("store", "check")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assert_whole_or_absent(name, account)

    def walk(self, callback, cookie):
        try:
            self.demo.web().get(callback, {"Cookie": cookie})
        except (OSError, http.client.HTTPException):
            pass

    def test_a_connect_that_is_interrupted_is_whole_or_absent(self):
        moments = ["invited", "at HubSpot", TOKEN_CALL, INTROSPECTION, DETAILS]
        for turn in range(ROUNDS):
            for number, moment in enumerate(moments + [self.random.uniform(0, 0.12) for _ in range(5)]):
                with self.subTest(moment=moment, turn=turn):
                    self.interrupted_connect(f"k{turn}-{number}", moment)

    def renewing(self):
        return subprocess.Popen([str(self.demo.binaries / "hubward"), "connection", "refresh", self.demo.CONNECTION,
                                 "--config", str(self.demo.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def test_a_grant_stays_usable_when_its_renewal_is_interrupted(self):
        for turn in range(ROUNDS):
            for moment in ["asked", *(self.random.uniform(0, 0.1) for _ in range(4))]:
                with self.subTest(moment=moment, turn=turn):
                    if moment == "asked":
                        self.slow(TOKEN_CALL)
                    before = self.seen_by_sandbox(TOKEN_CALL)
                    command = self.renewing()
                    self.eventually("HubSpot is asked, or the renewal is over",
                                    lambda: self.seen_by_sandbox(TOKEN_CALL) > before or command.poll() is not None)
                    if moment != "asked":
                        time.sleep(moment)
                    self.kill_and_start()
                    command.wait()
                    self.quick()
        renewed = self.demo.hubward("connection", "refresh", self.demo.CONNECTION)
        self.assertEqual(renewed["state"], "connected")

    def test_a_rotation_of_the_root_key_that_is_interrupted_goes_on(self):
        demo = self.demo
        for number in range(4):
            demo.connect(9100002, f"rotated-{number}")
        for turn in range(5 * ROUNDS):
            with self.subTest(turn=turn):
                old, new = (demo.folder / name for name in (f"root-{turn}.key", f"root-{turn + 1}.key"))
                if turn == 0:
                    old = demo.folder / "root.key"
                story.write_private(new, secrets.token_hex(32) + "\n")
                command = subprocess.Popen([str(demo.binaries / "hubward"), "keys", "rotate", "--to", f"file:{new}", "--config",
                                            str(demo.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(self.random.uniform(0, 0.15))
                type(self).kills += 1
                demo.kill_gateway()
                command.wait()
                self.go_on_rotating(old, new)
                self.assertEqual(demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)
                checked = demo.run("store", "check")
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def go_on_rotating(self, old, new):
        """As docs/keys.md says: with the old key if it still opens the store, else it has been switched to the new one."""
        demo = self.demo
        try:
            demo.start_gateway()
            demo.hubward("keys", "rotate", "--to", f"file:{new}")
            demo.stop_gateway()
        except story.Trouble as trouble:
            self.assertIn("was replaced by", str(trouble))
        demo.config.write_text(demo.config.read_text().replace(str(old), str(new)))
        demo.start_gateway()
        status = demo.hubward("keys", "status")
        self.assertEqual([key["state"] for key in status["root_keys"] if key["state"] in ("current", "next", "retiring")], ["current"])

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        print(f"{cls.kills} kills", flush=True)


if __name__ == "__main__":
    story.main()
