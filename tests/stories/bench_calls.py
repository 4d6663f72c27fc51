# SPDX-License-Identifier: Apache-2.0
"""The benchmark itself: one short run of Hubward alone comes to a table, rows and a verdict, and wrong use is explained."""
import json
import pathlib
import subprocess
import sys
import unittest

import story

CALLS = story.ROOT / "bench/calls.py"


def bench(*words, prefix=()):
    return subprocess.run([*prefix, sys.executable, str(CALLS), "--binaries", str(story.binaries()), *words], capture_output=True,
                          text=True, check=False, timeout=120)


class BenchCalls(unittest.TestCase):
    def test_a_short_run_of_hubward_alone_gives_a_row_for_each_job(self):
        folder = story.ROOT / "build/bench"
        result = folder / "smoke.json"
        run = bench("--programs", "hubward", "--only", "floor,whole", "--case", "1KB", "--rounds", "1", "--seconds", "0.2",
                    "--accept-noise", "--result", str(result))
        self.assertIn(run.returncode, (0, 1), run.stderr)
        self.assertIn("bounds kept", run.stdout.splitlines()[-1])
        rows = {(row["workload"], row["program"]): row for row in json.loads(result.read_text())}
        self.assertEqual(set(rows), {("floor", "hubward"), ("whole", "hubward"), ("floor", "upstream")})
        for row in rows.values():
            self.assertGreater(row["cpu_us"], 1)
            self.assertGreater(row["rps"], 10)
            self.assertGreaterEqual(row["p99_us"], row["p50_us"])
            self.assertGreater(row["rss_mb"], 1)

    def test_wrong_use_ends_with_two_and_names_what_is_wrong(self):
        for words, said in ((["--only", "flor"], "no workload 'flor'"), (["--programs", "apache"], "no program 'apache'"),
                            (["--case", "2KB"], "no case '2KB'"), (["--rounds", "0"], "--rounds"), (["--fast"], "--fast")):
            with self.subTest(words):
                run = bench(*words)
                self.assertEqual(run.returncode, 2)
                self.assertIn(said, run.stderr)

    def test_a_program_that_is_not_installed_is_named(self):
        run = subprocess.run([sys.executable, str(CALLS), "--binaries", str(pathlib.Path("/nowhere")), "--quick"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("/nowhere/hubward", run.stderr)

    def test_one_core_is_not_enough(self):
        run = bench("--quick", prefix=("taskset", "-c", "0"))
        self.assertEqual(run.returncode, 2)
        self.assertIn("two cores are needed", run.stderr)


if __name__ == "__main__":
    story.main()
