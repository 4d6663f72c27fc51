# SPDX-License-Identifier: Apache-2.0
"""The gateway at work under what deploy/hubward.service allows it (confine.py): everything that it does in its life.
Skips (77) where systemd-analyze, which knows the groups of system calls, is not installed."""
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

import story

CONFINE = pathlib.Path(__file__).resolve().parent / "confine.py"


class ConfinedToItsUnit(story.Story):
    @classmethod
    def setUpClass(cls):
        """The programs in a folder of their own, where hubward is the confined one."""
        cls.programs = tempfile.TemporaryDirectory(prefix="hubward-confined-")
        folder, real = pathlib.Path(cls.programs.name), story.binaries().resolve()
        (folder / "hubspot-sandbox").symlink_to(real / "hubspot-sandbox")
        (folder / "hubward").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{CONFINE}" "{real / "hubward"}" "$@"\n')
        (folder / "hubward").chmod(0o755)
        story.BINARIES = folder
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.programs.cleanup()

    def test_the_confinement_confines(self):
        escape = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000))"
        run = subprocess.run([sys.executable, str(CONFINE), sys.executable, "-c", escape], check=False)
        self.assertEqual(run.returncode, -signal.SIGSYS)
        writable_code = "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)"
        run = subprocess.run([sys.executable, str(CONFINE), sys.executable, "-c", writable_code], check=False)
        self.assertEqual(run.returncode, -signal.SIGSYS)
        family = "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"
        run = subprocess.run([sys.executable, str(CONFINE), sys.executable, "-c", family], capture_output=True, check=False)
        self.assertIn(b"not supported", run.stderr)

    def test_a_whole_life(self):
        status = pathlib.Path(f"/proc/{self.demo.gateway.pid}/status").read_text()
        self.assertRegex(status, r"Seccomp:\s+2")
        self.assertRegex(status, r"NoNewPrivs:\s+1")
        self.assertRegex(status, r"CapEff:\s+0+\n")

        contacts = "/crm/v3/objects/contacts"
        self.assertEqual(self.demo.call("GET", contacts + "?limit=1").status, 200)
        created = self.demo.call("POST", contacts, {"properties": {"email": "confined@example.com"}})
        self.assertEqual(created.status, 201)
        self.demo.hubward("connection", "refresh", self.demo.CONNECTION)
        self.demo.connect(connection="second")
        self.demo.hubward("connection", "disconnect", "second")

        new_key = self.demo.folder / "new.key"
        story.write_private(new_key, secrets.token_hex(32) + "\n")
        self.demo.hubward("keys", "rotate", "--to", f"file:{new_key}")
        text = self.demo.config.read_text()
        self.demo.config.write_text(text.replace(str(self.demo.folder / "root.key"), str(new_key)))
        self.demo.gateway.send_signal(signal.SIGHUP)
        log = self.demo.folder / "gateway.log"
        self.eventually("the configuration is read again", lambda: "reload.done" in log.read_text())

        for words in (["check"], ["status"], ["journal", "tail"], ["journal", "export", "--csv"], ["store", "check"],
                      ["store", "backup", str(self.demo.folder / "backup")]):
            run = self.demo.run(*words)
            self.assertEqual(run.returncode, 0, f"{words}: {run.stdout}{run.stderr}")
        metrics = self.demo.web().get(self.demo.admin + "/metrics", {"Authorization": f"Bearer {self.demo.admin_token}"})
        self.assertEqual(metrics.status, 200)

        self.demo.gateway.send_signal(signal.SIGTERM)
        self.assertEqual(self.demo.gateway.wait(20), 0)
        self.demo.gateway = None
        restored = self.demo.run("store", "restore", "--overwrite", str(self.demo.folder / "backup"))
        self.assertEqual(restored.returncode, 0, restored.stderr)
        self.demo.start_gateway()
        self.assertEqual(self.demo.call("GET", contacts + "?limit=1").status, 200)


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed")
        sys.exit(77)
    story.main()
