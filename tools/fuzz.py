# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets, or shows how much of the code that they aim at their inputs reach. ./dev fuzz calls it; docs/fuzzing.md
says what targets there are.

  fuzz.py run --minutes N [TARGET...]     each target the same share, from its kept corpus and what it found before
  fuzz.py coverage [TARGET...]            replays corpus and finds; fails when a target reaches less than 90 % of a file
  fuzz.py keep [TARGET...]                makes the kept corpus whole and small: the fewest inputs that reach what all do
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
FOUND = ROOT / "build/fuzz/found"
LEAST_COVERAGE = 90
LONGEST_INPUT_SECONDS = 10
LARGEST_MEMORY_MB = 2048


class Trouble(Exception):
    """Said to people without a traceback."""


def all_targets():
    return sorted(path.name.removesuffix("_fuzz.cpp") for path in FUZZ.glob("*_fuzz.cpp"))


def chosen(names):
    known = all_targets()
    for name in names:
        if name not in known:
            raise Trouble(f"there is no fuzz target '{name}'; there are: {', '.join(known)}")
    return list(dict.fromkeys(names)) or known


def program(preset, target):
    path = ROOT / f"build/{preset}/fuzz/{target}_fuzz"
    if not path.exists():
        why = "; it needs Debian's package node-llhttp" if target.startswith("llhttp_") else ""
        raise Trouble(f"{path.relative_to(ROOT)} was not built{why}")
    return path


def inputs_of(target):
    """The folders whose files are inputs of the target."""
    return [folder for folder in (FUZZ / "corpus" / target, FOUND / target) if folder.is_dir()]


def libfuzzer(target, artifacts, *options):
    dictionary = FUZZ / "dictionaries" / f"{target}.dict"
    return [str(program("fuzz", target)), f"-timeout={LONGEST_INPUT_SECONDS}", f"-rss_limit_mb={LARGEST_MEMORY_MB}",
            f"-artifact_prefix={artifacts}/", *([f"-dict={dictionary}"] if dictionary.exists() else []), *options]


def run_one(target, seconds):
    """What it did: inputs tried, CPU seconds. Raises when it found something."""
    found, findings = FOUND / target, ROOT / "build/fuzz/findings" / target
    found.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    log = findings.with_suffix(".log")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, "w") as out:
        folders = [str(folder) for folder in (found, FUZZ / "corpus" / target) if folder.is_dir()]
        outcome = subprocess.run(libfuzzer(target, findings, f"-max_total_time={seconds}", "-print_final_stats=1", *folders),
                                 stdout=out, stderr=out, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = log.read_text(errors="replace")
    if outcome.returncode != 0:
        tail = "\n".join(text.splitlines()[-30:])
        raise Trouble(f"{tail}\n{target} found something: the input is in {findings}, the log in {log}")
    units = re.search(r"number_of_executed_units: (\d+)", text)
    return int(units[1]) if units else 0, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(targets, minutes):
    share = minutes * 60 // len(targets)
    if share < 1:
        raise Trouble(f"{minutes} minutes are less than a second for each of {len(targets)} targets")
    for target in targets:
        program("fuzz", target)
    troubles = []
    for target in targets:
        try:
            inputs, cpu = run_one(target, share)
            print(f"{target:24} {inputs:>12,} inputs {cpu:8.1f} s of CPU", flush=True)
        except Trouble as trouble:  # the others get their share all the same
            troubles.append(target)
            print(trouble, file=sys.stderr, flush=True)
    if troubles:
        raise Trouble(f"these targets found something: {', '.join(troubles)}")


def aims_of(target):
    """(file, which of its functions): "FILE", "FILE only NAME…" or "FILE but NAME…", with the names as they are written."""
    lines = (FUZZ / f"{target}_fuzz.cpp").read_text().splitlines()
    for line in lines:
        if line.startswith("// aims at: "):
            file, how, *names = line.removeprefix("// aims at: ").split() + ([] if line.count(" ") > 3 else ["all"])
            if how not in ("all", "only", "but") or not (ROOT / file).exists():
                raise Trouble(f"fuzz/{target}_fuzz.cpp: '{line}' is not 'aims at: FILE', '… only NAME…' or '… but NAME…'")
            # In a mangled name every part of it stands with its length before it.
            marks = [f"{len(name)}{name}" for name in names]
            yield file, lambda symbol, how=how, marks=marks: how == "all" or any(m in symbol for m in marks) == (how == "only")


def profile_of(target, folder):
    raw, profile = folder / f"{target}.profraw", folder / f"{target}.profdata"
    folders = inputs_of(target)
    if not folders:
        raise Trouble(f"{target} has no inputs: fuzz/corpus/{target} is missing")
    outcome = subprocess.run([program("coverage", target), *folders], capture_output=True, text=True, check=False,
                             env={**os.environ, "LLVM_PROFILE_FILE": str(raw)})
    if outcome.returncode != 0:
        raise Trouble(f"{target} breaks on an input it should bear:\n{outcome.stderr[-2000:]}")
    subprocess.run(["llvm-profdata-22", "merge", "-sparse", raw, "-o", profile], check=True)
    raw.unlink()
    return profile


def coverage_of(target, folder):
    """Of each file aimed at: its name, how many lines of the functions meant are reached, how many there are."""
    profile = profile_of(target, folder)
    for file, meant in aims_of(target):
        report = subprocess.run(["llvm-cov-22", "report", "-show-functions", f"-instr-profile={profile}",
                                 program("coverage", target), str(ROOT / file)], capture_output=True, text=True, check=True)
        covered = lines = 0
        for row in report.stdout.splitlines():
            cells = row.split()
            if len(cells) == 10 and cells[1].isdigit() and cells[0] != "TOTAL" and meant(cells[0]):
                lines += int(cells[4])
                covered += int(cells[4]) - int(cells[5])
        yield file, covered, lines


def coverage(targets):
    folder = ROOT / "build/coverage/profiles"
    folder.mkdir(parents=True, exist_ok=True)
    low = []
    for target in targets:
        for file, covered, lines in coverage_of(target, folder):
            percent = 100 * covered / lines if lines else 0
            mark = "" if percent >= LEAST_COVERAGE else f"  below {LEAST_COVERAGE} %"
            low += [f"{target}: {file}"] if mark else []
            print(f"{target:20} {file:36} {covered:>4} of {lines:>4} lines {percent:6.1f} %{mark}", flush=True)
    if low:
        raise Trouble(f"less than {LEAST_COVERAGE} % of the lines is reached by {', '.join(low)}: add inputs to the corpus, or take "
                      "out what nothing can reach (llvm-cov-22 show tells the lines; the profiles are in build/coverage/profiles)")


def keep(targets):
    for target in targets:
        corpus = FUZZ / "corpus" / target
        with tempfile.TemporaryDirectory() as scratch:
            small = pathlib.Path(scratch) / "small"
            small.mkdir()
            subprocess.run(libfuzzer(target, scratch, "-merge=1", str(small), *map(str, inputs_of(target))),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            # What a person named stays: it says what it is for.
            named = {path.read_bytes() for path in corpus.glob("*")} if corpus.is_dir() else set()
            corpus.mkdir(exist_ok=True)
            added = 0
            for path in small.iterdir():
                if path.read_bytes() not in named:
                    shutil.copy(path, corpus / path.name[:12])
                    added += 1
        print(f"{target:24} {len(named)} kept, {added} added")


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", add_help=False)
    parser.add_argument("task", choices=("run", "coverage", "keep"))
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("targets", nargs="*")
    asked = parser.parse_intermixed_args()
    if asked.minutes < 1:
        raise Trouble("--minutes takes a whole number from 1")
    targets = chosen(asked.targets)
    if asked.task == "run":
        run(targets, asked.minutes)
    elif asked.task == "coverage":
        coverage(targets)
    else:
        keep(targets)


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        print(f"./dev fuzz: {trouble}", file=sys.stderr)
        sys.exit(1)
