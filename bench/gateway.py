# SPDX-License-Identifier: Apache-2.0
"""Hubward itself as a program under measurement: the release build, configured and given its connection and client
through the command line, as an operator does it."""
import json
import os
import secrets
import subprocess
import time

import machine
from demo import Trouble, Web, write_private
from programs import TOKEN, Program, free_port

LEAST_ROLE = '''
[[roles.bench.rules]]
name = "everything"
objects = ["*"]
actions = ["view", "create", "edit", "delete"]
'''


class Engine(Program):
    """`floor`: Hubward's network engine alone, a listener and a client with a static token put on in between; the same job
    as a bare reverse proxy's."""
    name = "hubward"
    note = "the network engine alone, as the proxies' job is"

    def configure(self):
        self.environment = {"ENGINE_TOKEN": TOKEN}
        return [self.bench.binaries / "hubward-engine", str(self.port), self.bench.tls / "gateway.pem",
                self.bench.tls / "gateway.key", f"https://localhost:{self.bench.upstream.port}", self.bench.tls / "ca.pem"]


class Hubward(Program):
    """`floor`: the least the whole gateway can be told to do. A static token, one role with one rule that allows every record, nothing
    logged. The client's key, the catalogue, the decision and the journal cannot be switched off."""
    name = "hubward-least"
    note = "the gateway, least configuration; key, catalogue and journal always on"
    role = LEAST_ROLE

    def __init__(self, bench):
        super().__init__(bench)
        self.folder = bench.run / f"hubward-{self.workload}"
        self.public, self.admin = free_port(), free_port()
        self.config = self.folder / "hubward.toml"

    @property
    def slug(self):
        return f"hubward_{self.workload}"

    def app(self):
        return f'''[apps.bench]
kind = "private"
simulator = true
simulator_api = "https://localhost:{self.bench.upstream.port}"
simulator_ca = "{self.bench.tls / "ca.pem"}"
'''

    def doors(self):
        return {"egress": self.port, "public": self.public, "admin": self.admin}

    def limits(self):
        return "[limits]\nconnections = 15000\n"

    def configure(self):
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            write_private(self.folder / "root.key", secrets.token_hex(32) + "\n")
            write_private(self.folder / "admin.token", secrets.token_urlsafe(32) + "\n")
        doors = "".join(f'''[listen.{door}]
port = {port}
certificate = "{self.bench.tls / "gateway.pem"}"
key = "{self.bench.tls / "gateway.key"}"
''' for door, port in self.doors().items())
        write_private(self.config, f'''store_dir = "{self.folder / "store"}"
root_key = "file:{self.folder / "root.key"}"
public_url = "https://localhost:{self.doors()["public"]}"
{doors}token = "file:{self.folder / "admin.token"}"
[log]
level = "warning"
{self.limits()}{self.app()}
[roles.bench]
{self.role}''')
        return [self.bench.binaries / "hubward", "serve", "--config", self.config]

    def start(self):
        super().start()
        if self.key == "hwk_none":
            self.connect()

    def connect(self):
        self.command("connection", "add", "acme", "--app", "bench", secret_input=TOKEN + "\n")
        self.key = self.command("client", "create", "bench", "--role", "bench", "--connection", "acme")["key"]

    def command(self, *words, secret_input=None):
        run = subprocess.run([str(self.bench.binaries / "hubward"), *words, "--config", str(self.config), "--json"],
                             capture_output=True, text=True, check=False, input=secret_input)
        if run.returncode != 0:
            raise Trouble(f"hubward {' '.join(words)} ended with {run.returncode}: {run.stderr.strip() or run.stdout.strip()}")
        return json.loads(run.stdout)

    def ready_seconds(self):
        """From exec to the first good answer of /readyz; leaves it running."""
        token = (self.folder / "admin.token").read_text().strip()
        words = machine.pinned(self.core, self.configure())
        begun = time.monotonic()
        with open(self.bench.run / f"{self.slug}.log", "ab") as output:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ)
        web = Web(str(self.bench.tls / "ca.pem"))
        while time.monotonic() - begun < 30:
            try:
                if web.get(f"https://localhost:{self.admin}/readyz", {"Authorization": f"Bearer {token}"}).status == 200:
                    return time.monotonic() - begun
            except OSError:
                time.sleep(0.002)
        raise Trouble("hubward was not ready within 30 s")


class HubwardWhole(Hubward):
    """`whole`: as a team would run it; a role with a dozen rules, fifty clients, the journal on."""
    name = "hubward"
    workload = "whole"
    note = "everything on"

    @property
    def role(self):
        return self.bench.whole_job.toml_rules()

    def connect(self):
        super().connect()
        for number in range(self.bench.whole_job.OTHER_CLIENTS):
            self.command("client", "create", f"other-{number}", "--role", "bench", "--connection", "acme")
