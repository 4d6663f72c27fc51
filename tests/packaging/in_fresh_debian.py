# SPDX-License-Identifier: Apache-2.0
"""Runs as root inside the Debian that install.py has booted: the installed service under the real service manager, with
the offline HubSpot beside it."""
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from demo import Demo, write_private  # noqa: E402

UNIT = "hubward.service"
CONTACTS = "/crm/v3/objects/contacts?limit=1"


def systemctl(*words):
    run = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        status = subprocess.run(["journalctl", "-n", "30", "--no-pager", "-u", UNIT], capture_output=True, text=True, check=False)
        sys.exit(f"systemctl {' '.join(words)}: {run.stderr}{status.stdout}")
    return run.stdout.strip()


def shown(name):
    return systemctl("show", "--value", "--property", name, UNIT)


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")
    print(f"  {what}")


def eventually(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    print(f"  {what}")


def configure():
    """As docs/installing.md says: configuration and keys in /etc/hubward, the root key as a credential."""
    demo = Demo("/etc/hubward", "/usr/bin")
    shutil.rmtree(demo.tls, ignore_errors=True)
    demo.prepare()
    demo.start_sandbox()
    demo.write_configuration()
    text = demo.config.read_text().replace('/etc/hubward/store"', '/var/lib/hubward"')
    demo.config.write_text(text.replace("file:/etc/hubward/root.key", "credential:root-key"))
    os.makedirs("/etc/credstore", mode=0o700, exist_ok=True)
    shutil.move("/etc/hubward/root.key", "/etc/credstore/root-key")
    subprocess.run(["chown", "-R", "root:hubward", "/etc/hubward"], check=True)
    subprocess.run("cd /etc/hubward && chown hubward app.secret admin.token tls/gateway.key && chmod 750 . tls"
                   " && chmod 640 hubward.toml && chmod 644 tls/*.pem", shell=True, check=True)
    return demo


def serves(demo):
    demo.connect()
    demo.client_key = demo.create_client()
    expect(demo.call("GET", CONTACTS).status == 200, "an account is connected and a call goes through")
    demo.hubward("connection", "refresh", demo.CONNECTION)
    before = shown("MainPID")
    systemctl("reload", UNIT)
    expect(shown("MainPID") == before and demo.call("GET", CONTACTS).status == 200, "it reads its configuration again")
    new = pathlib.Path("/etc/hubward/root-2.key")
    write_private(new, secrets.token_hex(32) + "\n")
    shutil.chown(new, "hubward")
    demo.hubward("keys", "rotate", "--to", f"file:{new}")
    demo.config.write_text(demo.config.read_text().replace("credential:root-key", f"file:{new}"))
    expect(demo.run("journal", "tail").returncode == 0, "root asks the running service")
    backup = ["runuser", "-u", "hubward", "--", "hubward", "store", "backup", "/var/lib/hubward/backup"]
    expect(subprocess.run(backup, check=False, stdout=subprocess.DEVNULL).returncode == 0, "its user backs the store up")


def comes_back(demo):
    """From a hang and from a crash."""
    drop_in = pathlib.Path(f"/run/systemd/system/{UNIT}.d/short.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    for name, what in ((signal.SIGSTOP, "a stuck gateway is found by the watchdog and started anew"),
                       (signal.SIGKILL, "so is one that was killed")):
        before = shown("MainPID")
        os.kill(int(before), name)
        eventually(what, lambda: shown("MainPID") not in (before, "0") and shown("ActiveState") == "active")
    expect(demo.call("GET", CONTACTS).status == 200, "and calls go through again")


def main():
    expect(shown("ConditionResult") == "no" and shown("ActiveState") == "inactive", "not configured, it was not started")
    demo = configure()
    try:
        systemctl("start", UNIT)
        expect(shown("StatusText") == "Serving", "the service manager knows that it serves")
        status = pathlib.Path(f"/proc/{shown('MainPID')}/status").read_text()
        for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
            expect(line in status, f"the kernel says {line.expandtabs(1)}")
        serves(demo)
        comes_back(demo)
        systemctl("stop", UNIT)
        expect(shown("Result") == "success", "it stops as it should")
    finally:
        demo.stop()


if __name__ == "__main__":
    main()
