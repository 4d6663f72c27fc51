# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured beside Hubward, and the stand-in for HubSpot: each configured from bench/peers/, started
on the program's core and stopped again."""
import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

import machine
from demo import Trouble, stop_processes, write_private

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench/peers"
NODE = ROOT / "bench/node_modules/.bin/node"
START_SECONDS = 20
# Below those that the kernel gives to outgoing connections, or one of these takes a port before its program has it.
PORTS = itertools.cycle(range(20_000, 32_000))
TOKEN = "pat-na1-00000000-0000-4000-8000-00000000bea7"
PORTAL_TOKENS = "CIbench"  # how the OAuth tokens begin that the upstream hands out

# Where each size of answer is; the same rows of HubSpot's catalogue for all.
PATHS = {"1KB": "/crm/v3/objects/contacts/101?properties=firstname,lastname", "32KB": "/crm/v3/objects/companies?limit=100",
         "1MB": "/crm/v3/objects/deals?limit=100"}


def free_port():
    for port in itertools.islice(PORTS, 12_000):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise Trouble("no port from 20000 to 32000 is free")


def fill(template, target, values):
    """Writes a configuration: every @NAME@ of the template replaced."""
    text = re.sub(r"@([A-Z0-9_]+)@", lambda found: str(values[found[1]]), (PEERS / template).read_text())
    write_private(target, text)
    return target


class Program:
    """One program with one port. `workload` is the job it does; `note` says what it leaves out."""

    name = note = ""
    workload = "floor"
    needs = ()  # commands or files without which it cannot run
    core = machine.PROGRAM_CORE
    environment = {}

    def __init__(self, bench):
        self.bench = bench
        self.port = free_port()
        self.process = None
        self.key = "hwk_none"  # what the caller sends; most peers replace it unseen

    @property
    def slug(self):
        return self.name.replace("-", "_")

    def values(self):
        user = "user root;" if os.geteuid() == 0 else ""
        return {"PORT": self.port, "UPSTREAM": self.bench.upstream.port if self.bench.upstream else 0, "RUN": self.bench.run,
                "TLS": self.bench.tls, "TOKEN": TOKEN, "PEERS": PEERS, "USER": user}

    def configure(self):
        """Writes the configuration and answers the command."""
        raise NotImplementedError

    def start(self):
        if self.accepts():
            raise Trouble(f"port {self.port}, which was free a moment ago, was taken by another program before {self.name} "
                          "could have it; run the benchmark again")
        words = machine.pinned(self.core, self.configure())
        log = self.bench.run / f"{self.slug}.log"
        with open(log, "ab") as output:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env={**os.environ, **self.environment})
        deadline = time.monotonic() + START_SECONDS
        while not self.accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
                raise Trouble(f"{self.name} did not start on port {self.port}; the end of {log}:\n{tail}")
            time.sleep(0.01)

    def accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def pids(self):
        return machine.family(self.process.pid)

    def stop(self):
        if self.process:
            stop_processes([self.process.pid])
            self.process.wait()
            self.process = None


class Nginx(Program):
    name, needs = "nginx", ("nginx",)
    note = "no client key, no policy"

    def configure(self):
        return ["nginx", "-p", self.bench.run, "-c", fill(f"{self.slug}.conf", self.bench.run / f"{self.slug}.conf", self.values())]


class Upstream(Nginx):
    """HubSpot's stand-in; shares the load's core."""
    name, note, core = "upstream", "asked directly, on a core of its own", machine.LOAD_CORE

    def values(self):
        return {**super().values(), "BODY_1KB": (self.bench.run / "1KB.json").read_text(), "PORTAL_TOKENS": PORTAL_TOKENS}


class NginxLua(Nginx):
    name, workload = "nginx-lua", "whole"
    needs = ("nginx", "/usr/lib/nginx/modules/ngx_http_lua_module.so")
    note = "log neither sealed nor flushed; links not rewritten"

    def configure(self):
        tables, self.key = self.bench.whole_job.lua_tables()
        write_private(self.bench.run / "nginx_lua.tables", tables)
        return super().configure()


class Haproxy(Program):
    name, needs = "haproxy", ("haproxy",)
    note = "no client key, no policy; log kept in memory"

    def configure(self):
        pair = (self.bench.tls / "gateway.pem").read_text() + (self.bench.tls / "gateway.key").read_text()
        write_private(self.bench.run / "haproxy.pem", pair)
        return ["haproxy", "-db", "-f", fill("haproxy.cfg", self.bench.run / "haproxy.cfg", self.values())]


class Caddy(Program):
    name, needs = "caddy", ("caddy",)
    note = "no client key, no policy"
    environment = {"GOMAXPROCS": "1"}

    def configure(self):
        return ["caddy", "run", "--adapter", "caddyfile", "--config", fill("Caddyfile", self.bench.run / "Caddyfile", self.values())]


class NodeProgram(Program):
    needs = (str(NODE),)

    def configure(self):
        settings = self.bench.run / f"{self.slug}.json"
        write_private(settings, json.dumps({
            "port": self.port, "upstream": f"https://localhost:{self.bench.upstream.port}", "token": TOKEN,
            "client_key": self.key, "key": str(self.bench.tls / "gateway.key"), "cert": str(self.bench.tls / "gateway.pem"),
            "ca": str(self.bench.tls / "ca.pem"), "log": str(self.bench.run / f"{self.slug}.access.log")}))
        self.environment = {"NODE_EXTRA_CA_CERTS": str(self.bench.tls / "ca.pem"), "NODE_ENV": "production"}
        # Its launcher is a link to the program itself.
        return [NODE.resolve(), PEERS / f"{self.slug}.mjs", settings]


class Fastify(NodeProgram):
    name = "fastify"
    note = "no client key, no policy"


class ExpressSdk(NodeProgram):
    name = "express-sdk"
    note = "client key only; no policy, no log"


def missing(needs):
    """What of a program's needs is not on this machine."""
    paths = [pathlib.Path(p) for p in os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"]]
    there = lambda need: pathlib.Path(need).exists() if need.startswith("/") else any((p / need).exists() for p in paths)
    return [need for need in needs if not there(need)]


if "/usr/sbin" not in os.environ["PATH"]:
    os.environ["PATH"] += ":/usr/sbin:/sbin"
sys.dont_write_bytecode = True
