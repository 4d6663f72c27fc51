# SPDX-License-Identifier: Apache-2.0
"""The completion scripts in the shells themselves: `completion.py HUBWARD SHELL`. bash and zsh are typed at, through a
terminal, as a person would; fish answers by itself what it would offer. Skips (77) where the shell is not installed."""
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SECONDS = 20

# What is typed before the tab, and what the line must become or what must be offered.
TYPED = [("hubward clie", "hubward client "),
         ("hubward client cre", "hubward client create "),
         ("hubward journal ex", "hubward journal export "),
         ("hubward connection invite acme --ho", "--hours "),
         ("hubward store restore --over", "--overwrite "),
         ("hubward completion fi", "hubward completion fish "),
         # A value is no command, whatever it is called.
         ("hubward client show list --js", "--json "),
         ("hubward client list --config ./some.fi", "some.file"),
         ("hubward store backup ./some.fo", "some.folder")]


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, words, folder):
        self.seen = ""  # and not yet asked for
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "dumb", "PS1": "ready> ",
                                         "PROMPT": "ready> ", "LC_ALL": "C.UTF-8"})

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, wanted, what):
        deadline = time.monotonic() + SECONDS
        while wanted not in self.seen:
            if not select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
                sys.exit(f"{what}: waited for {wanted!r}, saw {self.seen!r}")
            got = os.read(self.terminal, 4096).decode(errors="replace")
            self.seen += got.replace("\x07", "").replace("\r\n", "\n")
        self.seen = self.seen.split(wanted, 1)[1]

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def type_at(words, setup, folder):
    shell = Terminal(words, folder)
    try:
        shell.read_until("ready> ", "the first prompt")
        # The quotes keep the echo of the command from being taken for its output.
        shell.type(f"{setup} && echo so''urced\n")
        shell.read_until("sourced", "setting up")
        shell.read_until("ready> ", "the prompt after setting up")
        for typed, wanted in TYPED:
            shell.type(typed + "\t")
            shell.read_until(wanted, f"after {typed!r} and a tab")
            shell.type("\x15")  # away with the line
            shell.type("echo cle''ared\n")
            shell.read_until("cleared\n", "clearing the line")
            shell.read_until("ready> ", "the next prompt")
    finally:
        shell.close()


def ask_fish(script, folder):
    for typed, wanted in TYPED:
        run = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"], cwd=folder,
                             capture_output=True, text=True, check=True, timeout=SECONDS)
        offered = [line.split("\t")[0] for line in run.stdout.splitlines()]
        word = wanted.split()[-1]
        if run.stderr or not any(offer.removeprefix("./").rstrip("/") == word for offer in offered):
            sys.exit(f"fish offers {offered} after {typed!r}, not {word!r}\n{run.stderr}")


def main():
    program, shell = sys.argv[1:]
    if not shutil.which(shell):
        print(f"{shell} is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="hubward-completion-") as folder:
        (pathlib.Path(folder) / "some.file").touch()
        (pathlib.Path(folder) / "some.folder").mkdir()
        script = pathlib.Path(folder) / "_hubward"
        script.write_text(subprocess.run([program, "completion", shell], capture_output=True, text=True, check=True).stdout)
        if shell == "bash":
            type_at(["bash", "--norc", "--noprofile", "-i"], f"source {script}", folder)
        elif shell == "zsh":
            type_at(["zsh", "-f", "-i"], f"autoload -U compinit && compinit -D && source {script}", folder)
        else:
            ask_fish(script, folder)
    print(f"{shell} completes {len(TYPED)} lines")


if __name__ == "__main__":
    main()
