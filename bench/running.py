# SPDX-License-Identifier: Apache-2.0
"""What every benchmark does around its measurements: a folder with certificates, a load generator, programs that are started and
stopped, and in the end a table with a verdict."""
import shutil
import time

import rows as rows_of_run
from demo import make_certificates
from load import Loader
from workloads import say


class Run:
    """One run: its folder, its certificates, its load generator, its programs."""

    upstream = None  # the stand-in for HubSpot, where there is one

    def __init__(self, folder, binaries, accept_noise):
        self.run, self.binaries = folder, binaries
        self.tls = folder / "tls"
        shutil.rmtree(folder, ignore_errors=True)
        self.tls.mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        make_certificates(self.tls)
        self.loader = Loader(binaries / "hubward-load", self.tls / "ca.pem", accept_noise)
        self.started = []

    def start(self, wanted):
        for program in wanted:
            say(f"starting {program.name} ({program.workload})")
            self.started.append(program)
            program.start()

    def stop(self, wanted=None):
        for program in wanted if wanted is not None else list(reversed(self.started)):
            program.stop()
            self.started.remove(program)


def conclude(result, found, judgements, begun, failed=()):
    """Writes the rows, prints them with the verdict, and answers the exit code."""
    rows_of_run.write(result, found)
    print(rows_of_run.table(found))
    print()
    for judgement in judgements:
        print(judgement.text)
    for trouble in failed:
        print(f"FAILED  {trouble}")
    missed = [j for j in judgements if not j.kept]
    print(f"\n{len(found)} rows in {time.monotonic() - begun:.0f} s, {sum(r.thrown for r in found)} disturbed runs thrown away; "
          f"{len(judgements) - len(missed)} of {len(judgements)} bounds kept"
          + (f"; missed: {'; '.join(j.what for j in missed)}" if missed else ""))
    return 1 if missed or failed or not found else 0
