#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one Node program of this folder against a sandbox of its own, on free ports: run.py SANDBOX SCRIPT"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NODE = HERE / "node_modules" / ".bin" / "node"
READY_SECONDS, RUN_SECONDS = 30, 280


def main():
    sandbox_program, script = sys.argv[1:3]
    if not NODE.exists():
        sys.exit(f"{HERE.name}: node_modules are missing; `./dev test` installs them (npm ci in tests/clients)")
    sandbox = subprocess.Popen([sandbox_program, "--plain", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        ready = json.loads(sandbox.stdout.readline())
        token = next(app["token"] for app in ready["apps"] if app["name"] == "private")
        environment = {**os.environ, "HUBWARD_BASE": ready["listen"], "HUBWARD_TOKEN": token,
                       "SANDBOX_CONTROL": ready["control"], "SANDBOX_READY": json.dumps(ready)}
        run = subprocess.run([str(NODE), str(HERE / script)], env=environment, timeout=RUN_SECONDS, check=False)
    finally:
        sandbox.terminate()
        sandbox.wait(READY_SECONDS)
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
