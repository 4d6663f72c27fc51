# SPDX-License-Identifier: Apache-2.0
"""What every story needs: the real programs on free ports in a folder of their own. Run one with
`python3 tests/stories/NAME.py BINARIES`, as ctest does."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLIENTS = ROOT / "tests/clients"
NODE = CLIENTS / "node_modules/.bin/node"
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from demo import Demo, Ports, Trouble, Web, alive, make_certificates, openssl, write_private  # noqa: E402,F401

# A longer run of the stories that have one: HUBWARD_LONG=1.
LONG = os.environ.get("HUBWARD_LONG") == "1"


def binaries():
    return pathlib.Path(BINARIES)


BINARIES = ROOT / "build/dev"


class Story(unittest.TestCase):
    """One sandbox and one gateway for all tests of a class, with an account connected and a client made."""

    log_level = "debug"
    sandbox_flags = ()
    extra_configuration = ""
    door_keys = None
    app_keys = ""
    environment = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hubward-story-"))
        cls.demo = Demo(cls.folder / "demo", binaries(), Ports.free(), cls.log_level, cls.environment)
        try:
            cls.demo.prepare()
            cls.demo.start_sandbox(*cls.sandbox_flags)
            cls.arrange()
            cls.demo.write_configuration(cls.extra_configuration, cls.door_keys, cls.app_keys)
            cls.demo.start_gateway()
            cls.demo.connect()
            cls.demo.client_key = cls.demo.create_client()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def arrange(cls):
        """What a story wants of the sandbox before the gateway starts."""

    def eventually(self, what, condition, seconds=20):
        """Waits until the condition holds, and answers what it gave."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s: {what}")
            time.sleep(0.01)

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)


def node(script, base, token, demo, **environment):
    """A Node program of tests/clients, started; it finds the address and the token in its environment."""
    if not NODE.exists():
        raise Trouble("tests/clients/node_modules is missing; `./dev test` installs it (npm ci in tests/clients)")
    return subprocess.Popen([str(NODE), str(CLIENTS / script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "HUBWARD_BASE": base, "HUBWARD_TOKEN": token,
                                 "NODE_EXTRA_CA_CERTS": demo.ca_file, **environment})


def node_answer(process, seconds=300):
    """What the program printed, as JSON; its complaints when it failed."""
    try:
        printed, complaints = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, complaints = process.communicate()
        raise Trouble(f"the Node program was not done within {seconds} s: {complaints[-2000:]}") from None
    if process.returncode != 0:
        raise Trouble(f"the Node program ended with {process.returncode}: {complaints[-4000:]}")
    return json.loads(printed)


def main():
    global BINARIES
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BINARIES = sys.argv.pop(1)
    # The story's own module imported this one under its name: set it there, too.
    sys.modules["story"].BINARIES = BINARIES
    unittest.main(module="__main__", verbosity=2)
