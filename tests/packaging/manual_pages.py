# SPDX-License-Identifier: Apache-2.0
"""The manual pages as mandoc sees them, and that they tell of every command and key: `manual_pages.py BINARIES`. Skips
(77) where mandoc is not installed."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PAGES = ["hubward.1", "hubward.toml.5", "hubspot-sandbox.1"]


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


def plain(page):
    shown = run("mandoc", "-Tutf8", "-Owidth=200", page).stdout
    return re.sub(r"\s+", " ", re.sub(".\x08", "", shown))


def lacking(folder, binaries):
    """What the programs know and the pages do not say."""
    helped = (pathlib.Path(__file__).resolve().parents[2] / "docs/cli-help.txt").read_text()
    commands = re.findall(r"^\$ hubward (.+) --help\n(?!.*\n.*SUBCOMMAND)", helped, re.M)
    options = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", helped, re.M))
    keys = set(re.findall(r"^\| `(\w+)` \|", run(binaries / "hubward", "check", "--reference").stdout, re.M))
    flags = set(re.findall(r"^  (--[\w-]+)", run(binaries / "hubspot-sandbox", "--help").stdout, re.M))
    # An empty list would be found everywhere.
    assert len(commands) > 20 and len(options) > 20 and len(keys) > 50 and len(flags) > 5, (commands, options, keys, flags)
    for page, words in (("hubward.1", [*commands, *options]), ("hubward.toml.5", keys), ("hubspot-sandbox.1", flags)):
        text = plain(folder / page)
        yield from (f"{page} says nothing of {word}" for word in words if word not in text)


def main():
    binaries = pathlib.Path(sys.argv[1])
    if not shutil.which("mandoc"):
        print("mandoc is not installed")
        sys.exit(77)
    wrong = []
    with tempfile.TemporaryDirectory(prefix="hubward-manuals-") as name:
        folder = pathlib.Path(name)
        made = run(binaries / "deploy/manuals", folder)
        if made.returncode != 0:
            sys.exit(made.stderr)
        for page in PAGES:
            lint = run("mandoc", "-Tlint", folder / page)
            # It looks for other pages among the installed ones.
            wrong += [line for line in (lint.stdout + lint.stderr).splitlines()
                      if not ((found := re.search(r"not found: Xr (\S+) (\d)", line)) and f"{found[1]}.{found[2]}" in PAGES)]
        wrong += lacking(folder, binaries)
    print("\n".join(wrong) or f"{len(PAGES)} pages, nothing to complain of")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
