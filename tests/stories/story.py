# SPDX-License-Identifier: Apache-2.0
"""What every story needs: the real programs on free ports in a folder of their own. Run one with
`python3 tests/stories/NAME.py BINARIES`, as ctest does."""
import pathlib
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from demo import Demo, Ports  # noqa: E402


def binaries():
    return pathlib.Path(BINARIES)


BINARIES = ROOT / "build/dev"


class Story(unittest.TestCase):
    """One sandbox and one gateway for all tests of a class, with an account connected and a client made."""

    log_level = "debug"
    sandbox_flags = ()
    extra_configuration = ""
    environment = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hubward-story-"))
        cls.demo = Demo(cls.folder / "demo", binaries(), Ports.free(), cls.log_level, cls.environment)
        try:
            cls.demo.prepare()
            cls.demo.start_sandbox(*cls.sandbox_flags)
            cls.demo.write_configuration(cls.extra_configuration)
            cls.demo.start_gateway()
            cls.demo.connect()
            cls.demo.client_key = cls.demo.create_client()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)


def main():
    global BINARIES
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BINARIES = sys.argv.pop(1)
    # The story's own module imported this one under its name: set it there, too.
    sys.modules["story"].BINARIES = BINARIES
    unittest.main(module="__main__", verbosity=2)
