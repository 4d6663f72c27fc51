#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts the offline HubSpot and the gateway, connects an account through the real OAuth flow, makes a first call and
writes the addresses to .hubward/up.json. Called by `./dev up [--detach]` and `./dev down`."""
import argparse
import json
import pathlib
import shutil
import signal
import sys
import time

from demo import Demo, Trouble, alive, stop_processes, write_private

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / ".hubward"
ADDRESSES = HOME / "up.json"
BINARIES = ROOT / "build/release"


def say(text):
    print(f"\033[1m==>\033[0m {text}", file=sys.stderr, flush=True)


def down():
    if not ADDRESSES.exists():
        say("nothing is running")
        return
    addresses = json.loads(ADDRESSES.read_text())
    stop_processes([addresses["pid"], addresses["sandbox_pid"]])
    ADDRESSES.unlink()
    say("stopped")


def up():
    """Each time from the beginning: the sandbox keeps its accounts in memory only."""
    shutil.rmtree(HOME, ignore_errors=True)
    demo = Demo(HOME, BINARIES)
    demo.prepare()
    try:
        say("starting the offline HubSpot")
        demo.start_sandbox()
        demo.write_configuration()
        say("starting the gateway")
        demo.start_gateway()
        say("connecting an account through OAuth")
        demo.connect()
        demo.client_key = demo.create_client()
        say("making a first call")
        answer = demo.call("GET", "/crm/v3/objects/contacts?limit=1")
        if answer.status != 200:
            raise Trouble(f"the first call was answered {answer.status}: {answer.text[:400]}")
        demo.ask_sandbox("PATCH", f"/apps/{demo.APP}", {"webhooks": {"target": f"{demo.public}/hooks/{demo.APP}", "kinds": ["*"]}})
    except BaseException:
        demo.stop()
        raise
    write_private(ADDRESSES, json.dumps({
        "egress": demo.egress, "public": demo.public, "admin": demo.admin, "sandbox": demo.sandbox_api,
        "sandbox_control": demo.control, "admin_token": demo.admin_token, "ca_file": demo.ca_file,
        "connection": demo.CONNECTION, "client_key": demo.client_key, "account": demo.account, "app": demo.APP,
        "hooks": f"{demo.public}/hooks/{demo.APP}", "app_secret": demo.app["client_secret"],
        "store_dir": str(HOME / "store"), "pid": demo.gateway.pid, "sandbox_pid": demo.sandbox.pid,
        "config": str(demo.config), "hubward": str(BINARIES / "hubward")}, indent=2) + "\n")
    return demo


def print_next(addresses):
    base, ca, key = addresses["egress"], addresses["ca_file"], addresses["client_key"]
    print(f'''
The gateway runs; account {addresses["account"]} of the offline HubSpot is connected as "{addresses["connection"]}".

  With curl:
    curl --cacert {ca} -H "Authorization: Bearer {key}" \\
         "{base}/crm/v3/objects/contacts?limit=3"

  With HubSpot's Node SDK (NODE_EXTRA_CA_CERTS={ca}):
    new Client({{ basePath: "{base}", accessToken: "{key}" }})

  A webhook, as HubSpot sends it, and what came:
    {addresses["hubward"]} webhook send --app {addresses["app"]} --ca {ca} --config {addresses["config"]}
    {addresses["hubward"]} webhook events --config {addresses["config"]}

  What happened:   {addresses["hubward"]} journal tail --config {addresses["config"]}
  All addresses:   {ADDRESSES}
''', flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev up", description=__doc__)
    parser.add_argument("--detach", action="store_true", help="leave both programs running and return")
    parser.add_argument("--down", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.down:
        down()
        return 0
    if ADDRESSES.exists() and alive(json.loads(ADDRESSES.read_text())["pid"]):
        print_next(json.loads(ADDRESSES.read_text()))
        say("it was running already; ./dev down stops it")
        return 0
    if ADDRESSES.exists():
        down()
    try:
        demo = up()
    except Trouble as trouble:
        print(f"./dev up: {trouble}", file=sys.stderr)
        return 1
    print_next(json.loads(ADDRESSES.read_text()))
    if wanted.detach:
        return 0
    say("Ctrl-C ends it")
    try:
        while demo.gateway.poll() is None and demo.sandbox.poll() is None:
            time.sleep(0.2)
        say("a program ended by itself; see .hubward/*.log")
    except KeyboardInterrupt:
        pass
    down()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
