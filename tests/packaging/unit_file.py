# SPDX-License-Identifier: Apache-2.0
"""The systemd unit as systemd itself sees it: `unit_file.py HUBWARD`. Skips (77) where systemd-analyze is not installed.
No service manager is needed."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

UNIT = pathlib.Path(__file__).resolve().parents[2] / "deploy/hubward.service"
# In tenths, of 100. What is left is the network, which a gateway needs (docs/installing.md).
MOST_EXPOSURE = 11


def analyze(*words):
    run = subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="hubward-unit-") as folder:
        # Verifying looks for the program where the unit says it is.
        here = pathlib.Path(folder) / UNIT.name
        here.write_text(UNIT.read_text().replace("/usr/bin/hubward", str(program)))
        failed, said = analyze("verify", "--man=no", here)
        if failed or said.strip():
            sys.exit(f"systemd-analyze verify: {said}")
    failed, said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for hubward.service: (\S+)", said)
    if failed or not found:
        sys.exit(f"exposure above {MOST_EXPOSURE / 10}:\n" + "\n".join(l for l in said.splitlines() if l.startswith("✗")) + said[-300:])
    print(f"exposure {found[1]}")


if __name__ == "__main__":
    main()
