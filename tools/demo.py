# SPDX-License-Identifier: Apache-2.0
"""The offline HubSpot and a gateway in one folder: certificates, configuration, processes, a connected account. Used by
`./dev up` and by the stories under tests/, which run it on free ports in a folder of their own."""
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import random
import secrets
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

START_SECONDS = 30
STOP_SECONDS = 15


class Trouble(Exception):
    """Something did not work; the text is for a person."""


def free_ports(count):
    """Below those that the kernel gives to connections: one of these could be taken between the look and the use."""
    held = []
    while len(held) < count:
        with contextlib.suppress(OSError):
            held.append(socket.create_server(("127.0.0.1", random.SystemRandom().randrange(20_000, 32_000))))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@dataclasses.dataclass
class Ports:
    egress: int = 8443
    public: int = 9443
    admin: int = 7443
    sandbox: int = 6443
    control: int = 6444

    @staticmethod
    def free():
        return Ports(*free_ports(5))


def write_private(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def alive(pid):
    """Running, and not a zombie that only waits to be reaped."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop_processes(pids):
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(alive(p) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def openssl(*words):
    run = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Trouble(f"openssl {words[0]} failed: {run.stderr.strip()}")


def make_certificates(folder):
    """A small authority that can speak for localhost only; its key is gone as soon as it has signed the two leaves."""
    authority_key = folder / "ca.key"
    config = folder / "ca.cnf"
    config.write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ca\nprompt=no\n[dn]\nCN=Hubward demo CA\n"
        "[ca]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
        "subjectKeyIdentifier=hash\n"
        "nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,"
        "permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"
        "[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n")
    old_umask = os.umask(0o077)
    try:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(authority_key))
        openssl("req", "-new", "-x509", "-key", str(authority_key), "-sha256", "-days", "365", "-config", str(config),
                "-out", str(folder / "ca.pem"))
        for name in ("gateway", "sandbox"):
            key, request, leaf = (str(folder / f"{name}.{kind}") for kind in ("key", "csr", "pem"))
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
            openssl("req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", request)
            openssl("x509", "-req", "-in", request, "-CA", str(folder / "ca.pem"), "-CAkey", str(authority_key),
                    "-CAcreateserial", "-sha256", "-days", "365", "-extfile", str(config), "-extensions", "leaf",
                    "-out", leaf)
            os.unlink(request)
    finally:
        os.umask(old_umask)
        authority_key.unlink(missing_ok=True)
        for leftover in (config, folder / "ca.srl"):
            leftover.unlink(missing_ok=True)


def start(name, words, log, environment=None):
    """Starts a program on its own and waits until it has printed the one JSON line that says that it is ready."""
    with open(log, "ab") as errors:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                   start_new_session=True, env={**os.environ, **(environment or {})})
    deadline = time.monotonic() + START_SECONDS
    os.set_blocking(process.stdout.fileno(), False)
    line = b""
    while not line.endswith(b"\n"):
        line += process.stdout.readline() or b""
        ended = process.poll() is not None and not line.endswith(b"\n")
        if ended or time.monotonic() > deadline:
            stop_processes([process.pid])
            process.stdout.close()
            process.wait()
            tail = "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-10:])
            raise Trouble(f"{name} did not start; the end of {log}:\n{tail}")
        time.sleep(0.01)
    process.stdout.close()
    return process, json.loads(line)


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def json(self):
        return json.loads(self.text)


class Web:
    """Just enough of a browser: one request at a time, no redirects followed, the demo's authority trusted."""

    def __init__(self, ca_file=None):
        self.tls = ssl.create_default_context(cafile=ca_file) if ca_file else None

    def request(self, method, url, headers=None, body=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=self.tls, timeout=30)
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        try:
            target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def get(self, url, headers=None):
        return self.request("GET", url, headers)


class Demo:
    APP, CONNECTION, CLIENT, ROLE = "demo", "acme-demo", "demo-client", "demo"

    def __init__(self, folder, binaries, ports=None, log_level="info", environment=None):
        self.folder = pathlib.Path(folder)
        self.binaries = pathlib.Path(binaries)
        self.ports = ports or Ports()
        self.log_level = log_level
        self.environment = environment
        self.tls = self.folder / "tls"
        self.config = self.folder / "hubward.toml"
        self.sandbox = self.gateway = self.world = self.app = self.account = self.client_key = None

    @property
    def ca_file(self):
        return str(self.tls / "ca.pem")

    @property
    def egress(self):
        return f"https://localhost:{self.ports.egress}"

    @property
    def public(self):
        return f"https://localhost:{self.ports.public}"

    @property
    def admin(self):
        return f"https://localhost:{self.ports.admin}"

    @property
    def sandbox_api(self):
        return f"https://localhost:{self.ports.sandbox}"

    @property
    def control(self):
        return f"http://127.0.0.1:{self.ports.control}"

    @property
    def admin_token(self):
        return (self.folder / "admin.token").read_text().strip()

    def web(self):
        return Web(self.ca_file)

    def prepare(self):
        self.tls.mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        make_certificates(self.tls)

    def start_sandbox(self, *flags):
        self.sandbox, self.world = start("the sandbox", [
            str(self.binaries / "hubspot-sandbox"), "--listen", f"127.0.0.1:{self.ports.sandbox}",
            "--control", f"127.0.0.1:{self.ports.control}", "--tls-cert", str(self.tls / "sandbox.pem"),
            "--tls-key", str(self.tls / "sandbox.key"), "--public-base", self.sandbox_api, "--webhook-ca", self.ca_file, *flags],
            self.folder / "sandbox.log", self.environment)
        self.app = next(app for app in self.world["apps"] if app["name"] == self.APP)
        self.account = self.world["accounts"][0]["hub_id"]
        # Registered as the app's owner would do it: HubSpot compares redirect addresses to the letter.
        self.ask_sandbox("PATCH", f"/apps/{self.APP}", {"redirect_uris": [f"{self.public}/oauth/{self.APP}/callback"]})

    def ask_sandbox(self, method, path, body=None):
        """A word with the sandbox's control port (docs/sandbox.md)."""
        answer = Web().request(method, self.control + path, {}, None if body is None else json.dumps(body))
        if answer.status >= 300:
            raise Trouble(f"the sandbox's control port answered {method} {path} with {answer.status}: {answer.text[:300]}")
        return answer.json() if answer.text else None

    def write_configuration(self, extra="", door_keys=None, app_keys=""):
        """`extra` goes to the end; `door_keys` holds further lines of a door by its name, `app_keys` those of the app."""
        write_private(self.folder / "root.key", secrets.token_hex(32) + "\n")
        write_private(self.folder / "admin.token", secrets.token_urlsafe(32) + "\n")
        write_private(self.folder / "app.secret", self.app["client_secret"] + "\n")
        doors = "".join(f'''
[listen.{name}]
port = {port}
certificate = "{self.tls / "gateway.pem"}"
key = "{self.tls / "gateway.key"}"
{(door_keys or {}).get(name, "")}
''' for name, port in (("egress", self.ports.egress), ("public", self.ports.public), ("admin", self.ports.admin)))
        write_private(self.config, f'''# Written by ./dev: a demonstration against the offline HubSpot.
store_dir = "{self.folder / "store"}"
root_key = "file:{self.folder / "root.key"}"
public_url = "{self.public}"
{doors}token = "file:{self.folder / "admin.token"}"

[log]
level = "{self.log_level}"
format = "json"

[apps.{self.APP}]
kind = "oauth"
client_id = "{self.app["client_id"]}"
client_secret = "file:{self.folder / "app.secret"}"
scopes = {json.dumps(self.app["scopes"])}
simulator = true
simulator_api = "{self.sandbox_api}"
simulator_authorize = "{self.sandbox_api}"
simulator_ca = "{self.ca_file}"
{app_keys}
[roles.{self.ROLE}]

[[roles.{self.ROLE}.rules]]
name = "records"
objects = ["*"]
actions = ["view", "create", "edit", "delete"]

[[roles.{self.ROLE}.rules]]
name = "definitions and owners"
operations = ["crm.properties.*", "crm.owners.*", "account_info.*", "crm.schemas.*", "crm.associations.labels.*"]
{extra}''')

    def start_gateway(self):
        self.gateway, ready = start("the gateway", [str(self.binaries / "hubward"), "serve", "--config", str(self.config)],
                                    self.folder / "gateway.log", self.environment)
        return ready

    def run(self, *words, secret_input=None):
        """Runs a command of the gateway's program to its end."""
        return subprocess.run([str(self.binaries / "hubward"), *words, "--config", str(self.config)],
                              capture_output=True, text=True, check=False, input=secret_input,
                              env={**os.environ, **(self.environment or {})})

    def hubward(self, *words, secret_input=None):
        """Runs a command with --json and answers what it printed."""
        run = self.run(*words, "--json", secret_input=secret_input)
        if run.returncode != 0:
            raise Trouble(f"hubward {' '.join(words)} ended with {run.returncode}: {run.stderr.strip() or run.stdout.strip()}")
        return json.loads(run.stdout)

    def invite(self, account=None, connection=None):
        return self.hubward("connection", "invite", connection or self.CONNECTION, "--app", self.APP,
                            "--account", str(account or self.account))["url"]

    def begin_connect(self, account=None, connection=None, invite=None):
        """As far as HubSpot's consent: the callback's address and the browser's cookie."""
        web = self.web()
        answer = web.get(invite or self.invite(account, connection))
        if answer.status != 302:
            raise Trouble(f"the invite was answered {answer.status}: {answer.text[:300]}")
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        answer = web.get(answer.headers["Location"] + f"&sandbox_auto_consent={account or self.account}")
        if answer.status != 302:
            raise Trouble(f"the sandbox's authorize page answered {answer.status}: {answer.text[:300]}")
        return answer.headers["Location"], cookie

    def connect(self, account=None, connection=None):
        """The OAuth flow as a browser would walk it; the sandbox consents by itself when asked to."""
        callback, cookie = self.begin_connect(account, connection)
        answer = self.web().get(callback, {"Cookie": cookie})
        if answer.status != 200:
            raise Trouble(f"the callback was answered {answer.status}: {answer.text[:300]}")

    def create_client(self, name=None, role=None, connection=None):
        return self.hubward("client", "create", name or self.CLIENT, "--role", role or self.ROLE,
                            "--connection", connection or self.CONNECTION)["key"]

    def call(self, method, path, body=None, key=None):
        headers = {"Authorization": f"Bearer {key or self.client_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.web().request(method, self.egress + path, headers, None if body is None else json.dumps(body))

    def pids(self):
        return [p.pid for p in (self.gateway, self.sandbox) if p]

    def stop_gateway(self):
        if self.gateway:
            stop_processes([self.gateway.pid])
            self.gateway.wait()
            self.gateway = None

    def kill_gateway(self):
        """As a power cut would, without a chance to finish anything."""
        self.gateway.kill()
        self.gateway.wait()
        self.gateway = None

    def stop(self):
        stop_processes(self.pids())
        for process in (self.gateway, self.sandbox):
            if process:
                process.wait()
        self.gateway = self.sandbox = None
