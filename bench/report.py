#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of results in docs/performance.md from build/bench/calls.json, between its two marks, so that no figure
is typed by hand."""
import datetime
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import machine  # noqa: E402
import rows  # noqa: E402
import verdict  # noqa: E402

RESULT, PAGE = ROOT / "build/bench/calls.json", ROOT / "docs/performance.md"
BEGIN, END = "<!-- results: written by ./dev bench report -->", "<!-- end of results -->"


def markdown(found):
    line = lambda cells: "| " + " | ".join(cells) + " |"
    right = {3, 4, 5, 6, 7, 8, 9, 10}
    rule = line(["---:" if i in right else "---" for i in range(len(rows.HEADS))])
    return "\n".join([line(rows.HEADS), rule, *(line(rows.cells(row)) for row in found)])


def text(found, when):
    here = machine.description()
    versions = ", ".join(f"{name} {version}" for name, version in installed())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    kept = "\n".join(f"- {j.text.replace('kept  ', 'kept:').replace('MISSED ', 'missed:')}" for j in verdict.judge(found))
    return f"""Measured {when:%Y-%m-%d} at commit {commit.stdout.strip()}: {here["processor"]}, {here["cores"]} cores{" of a virtual machine" if here["virtual"] else ""}, \
{here["memory_gb"]} GB, Linux {here["kernel"]}. {versions}.

{markdown(found)}

What it must show:

{kept}
"""


def installed():
    for package in ("nginx-light", "libnginx-mod-http-lua", "haproxy", "caddy", "libssl3"):
        run = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
        if run.returncode == 0:
            yield package, run.stdout


def main():
    if len(sys.argv) > 1:
        print("./dev bench report: takes no arguments", file=sys.stderr)
        return 2
    if not RESULT.exists():
        print(f"./dev bench report: there is no {RESULT.relative_to(ROOT)}; ./dev bench calls writes it", file=sys.stderr)
        return 2
    when = datetime.datetime.fromtimestamp(RESULT.stat().st_mtime, datetime.UTC)
    page = PAGE.read_text()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        print(f"./dev bench report: {PAGE.relative_to(ROOT)} has lost the marks that the results stand between", file=sys.stderr)
        return 1
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text(rows.read(RESULT), when)}\n{END}{after}")
    print(f"wrote {len(rows.read(RESULT))} rows into {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
