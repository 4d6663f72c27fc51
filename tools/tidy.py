#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every source of the project, two at a time. Results are kept by content in build/tidy, so that a
second run only looks at what changed."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build/tidy"


def fingerprint(entry, settings):
    """The preprocessed text, so that a change in any header counts."""
    words = entry["command"].split()
    words = [w for w in words if not w.endswith("ccache")]
    cut = words.index("-o")
    command = words[:cut] + ["-E", "-P", entry["file"]]
    text = subprocess.run(command, cwd=entry["directory"], capture_output=True, check=False).stdout
    return hashlib.sha256(settings + text).hexdigest()


def check(entry, build, settings):
    mark = KEPT / fingerprint(entry, settings)
    if mark.exists():
        return None
    run = subprocess.run(["clang-tidy-22", "--quiet", "-p", build, entry["file"]], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        mark.touch()
        return None
    return run.stdout + run.stderr


def main():
    build = sys.argv[1]
    KEPT.mkdir(parents=True, exist_ok=True)
    settings = (ROOT / ".clang-tidy").read_bytes()
    entries = [e for e in json.loads((ROOT / build / "compile_commands.json").read_text()) if e["file"].endswith(".cpp")]
    entries = list({e["file"]: e for e in entries}.values())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for output in pool.map(lambda e: check(e, build, settings), entries):
            if output:
                failed += 1
                print(output, flush=True)
    print(f"clang-tidy: {len(entries)} sources, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
