# SPDX-License-Identifier: Apache-2.0
"""`./dev up --detach`, again, and `./dev down`, as a newcomer types them, in this very checkout. Only with HUBWARD_LONG=1,
since it builds the release programs and takes the ordinary ports."""
import json
import pathlib
import subprocess
import sys
import time
import unittest

import story

ADDRESSES = story.ROOT / ".hubward/up.json"
MEMBERS = {"egress", "public", "admin", "sandbox", "sandbox_control", "admin_token", "ca_file", "connection", "client_key",
           "account", "app", "hooks", "app_secret", "store_dir", "pid"}


SKIPPED = 77


class UpAndDown(unittest.TestCase):
    def dev(self, *words):
        return subprocess.run([str(story.ROOT / "dev"), *words], capture_output=True, text=True, check=False, cwd=story.ROOT)

    def setUp(self):
        if ADDRESSES.exists() and story.alive(json.loads(ADDRESSES.read_text())["pid"]):
            self.skipTest("the demonstration of this checkout is running")
        self.addCleanup(self.dev, "down")

    def test_up_again_and_down(self):
        first = self.dev("up", "--detach")
        self.assertEqual(first.returncode, 0, first.stderr[-4000:])
        addresses = json.loads(ADDRESSES.read_text())
        self.assertLessEqual(MEMBERS, set(addresses))
        self.assertEqual(oct(ADDRESSES.stat().st_mode & 0o777), "0o600")
        self.assertEqual(addresses["public"], "https://localhost:9443")
        answer = story.Web(addresses["ca_file"]).get(addresses["egress"] + "/crm/v3/objects/contacts?limit=1",
                                                     {"Authorization": f"Bearer {addresses['client_key']}"})
        self.assertEqual(answer.status, 200, answer.text)
        began = time.monotonic()
        second = self.dev("up", "--detach")
        self.assertEqual(second.returncode, 0, second.stderr[-4000:])
        self.assertLess(time.monotonic() - began, 15)
        self.assertEqual(json.loads(ADDRESSES.read_text())["pid"], addresses["pid"])
        down = self.dev("down")
        self.assertEqual(down.returncode, 0, down.stderr)
        for pid in (addresses["pid"], addresses["sandbox_pid"]):
            self.assertFalse(story.alive(pid), "something still runs after ./dev down")
        self.assertFalse(ADDRESSES.exists())
        self.assertFalse(pathlib.Path(f"/proc/{addresses['pid']}").exists())


if __name__ == "__main__":
    if not story.LONG:
        print("skipped: it builds the release programs; HUBWARD_LONG=1 runs it")
        sys.exit(SKIPPED)
    story.main()
