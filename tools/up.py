#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts the offline HubSpot and the gateway, connects an account through the real OAuth flow, makes a first call and writes
the addresses to .hubward/up.json. Called by `./dev up [--detach]` and `./dev down`."""
import argparse
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / ".hubward"
ADDRESSES = HOME / "up.json"
BIN = ROOT / "build/release"
EGRESS, PUBLIC, ADMIN, SANDBOX, CONTROL = 8443, 9443, 7443, 6443, 6444
APP, CONNECTION, CLIENT, ROLE = "demo", "acme-demo", "demo-client", "demo"
START_SECONDS = 20


def say(text):
    print(f"\033[1m==>\033[0m {text}", file=sys.stderr, flush=True)


def stop_with(text):
    print(f"./dev up: {text}", file=sys.stderr)
    sys.exit(1)


def write_private(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def alive(pid):
    """Running and not a zombie that only waits to be reaped."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop_processes(pids):
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 15
    while any(alive(p) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def down():
    if not ADDRESSES.exists():
        say("nothing is running")
        return
    addresses = json.loads(ADDRESSES.read_text())
    stop_processes([addresses["pid"], addresses["sandbox_pid"]])
    ADDRESSES.unlink()
    say("stopped")


def openssl(*words):
    run = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        stop_with(f"openssl {words[0]} failed: {run.stderr.strip()}")


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
        if authority_key.exists():
            authority_key.unlink()
        for leftover in (config, folder / "ca.srl"):
            leftover.unlink(missing_ok=True)


def start(name, words, log):
    """Starts a program on its own and waits until it has printed the one JSON line that says that it is ready."""
    with open(log, "ab") as errors:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                   start_new_session=True, env={**os.environ, "SSL_CERT_FILE": "/dev/null"})
    deadline = time.monotonic() + START_SECONDS
    os.set_blocking(process.stdout.fileno(), False)
    line = b""
    while not line.endswith(b"\n"):
        line += process.stdout.readline() or b""
        if process.poll() is not None or time.monotonic() > deadline:
            stop_processes([process.pid])
            tail = "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-10:])
            stop_with(f"{name} did not start; the end of {log}:\n{tail}")
        time.sleep(0.02)
    process.stdout.close()
    return process, json.loads(line)


class Web:
    """Just enough of a browser: one request at a time, no redirects followed, the demo's authority trusted."""

    def __init__(self, ca_file):
        self.tls = ssl.create_default_context(cafile=ca_file)

    def get(self, url, headers=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=self.tls, timeout=20)
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request("GET", target, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer, body


def hubward(*words):
    run = subprocess.run([str(BIN / "hubward"), *words, "--config", str(HOME / "hubward.toml"), "--json"],
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        stop_with(f"hubward {' '.join(words)} failed: {run.stderr.strip() or run.stdout.strip()}")
    return json.loads(run.stdout)


def connect_account(web, account):
    """The OAuth flow as a browser would walk it; the sandbox consents by itself when asked to."""
    invite = hubward("connection", "invite", CONNECTION, "--app", APP, "--account", str(account))["url"]
    answer, body = web.get(invite)
    if answer.status != 302:
        stop_with(f"the invite was answered {answer.status}: {body[:300]}")
    cookie = answer.getheader("Set-Cookie").split(";")[0]
    answer, body = web.get(answer.getheader("Location") + f"&sandbox_auto_consent={account}")
    if answer.status != 302:
        stop_with(f"the sandbox's authorize page answered {answer.status}: {body[:300]}")
    answer, body = web.get(answer.getheader("Location"), {"Cookie": cookie})
    if answer.status != 200:
        stop_with(f"the callback was answered {answer.status}: {body[:300]}")


def write_configuration(world, tls):
    write_private(HOME / "root.key", secrets.token_hex(32) + "\n")
    write_private(HOME / "admin.token", secrets.token_urlsafe(32) + "\n")
    write_private(HOME / "app.secret", world["client_secret"] + "\n")
    scopes = ", ".join(json.dumps(scope) for scope in world["scopes"])
    write_private(HOME / "hubward.toml", f'''# Written by ./dev up: a demonstration against the offline HubSpot.
store_dir = "{HOME / "store"}"
root_key = "file:{HOME / "root.key"}"
public_url = "https://localhost:{PUBLIC}"

[listen.egress]
port = {EGRESS}
certificate = "{tls / "gateway.pem"}"
key = "{tls / "gateway.key"}"

[listen.public]
port = {PUBLIC}
certificate = "{tls / "gateway.pem"}"
key = "{tls / "gateway.key"}"

[listen.admin]
port = {ADMIN}
certificate = "{tls / "gateway.pem"}"
key = "{tls / "gateway.key"}"
token = "file:{HOME / "admin.token"}"

[apps.{APP}]
kind = "oauth"
client_id = "{world["client_id"]}"
client_secret = "file:{HOME / "app.secret"}"
scopes = [{scopes}]
simulator = true
simulator_api = "https://localhost:{SANDBOX}"
simulator_authorize = "https://localhost:{SANDBOX}"
simulator_ca = "{tls / "ca.pem"}"

[roles.{ROLE}]

[[roles.{ROLE}.rules]]
name = "records"
objects = ["*"]
actions = ["view", "create", "edit", "delete"]

[[roles.{ROLE}.rules]]
name = "definitions and owners"
operations = ["crm.properties.*", "crm.owners.*", "account-info.*"]
''')


def first_call(web, client_key):
    answer, body = web.get(f"https://localhost:{EGRESS}/crm/v3/objects/contacts?limit=1",
                           {"Authorization": f"Bearer {client_key}"})
    if answer.status != 200:
        stop_with(f"the first call was answered {answer.status}: {body[:400]}")
    return json.loads(body)


def up():
    if ADDRESSES.exists() and alive(json.loads(ADDRESSES.read_text())["pid"]):
        say("already running; ./dev down stops it")
        return None
    if ADDRESSES.exists():
        down()
    # Each time from the beginning: the sandbox keeps its accounts in memory only.
    shutil.rmtree(HOME, ignore_errors=True)
    tls = HOME / "tls"
    tls.mkdir(parents=True, mode=0o700)
    HOME.chmod(0o700)
    make_certificates(tls)

    say("starting the offline HubSpot")
    sandbox, ready = start("the sandbox", [
        str(BIN / "hubspot-sandbox"), "--listen", f"127.0.0.1:{SANDBOX}", "--control", f"127.0.0.1:{CONTROL}",
        "--tls-cert", str(tls / "sandbox.pem"), "--tls-key", str(tls / "sandbox.key"),
        "--public-base", f"https://localhost:{SANDBOX}"], HOME / "sandbox.log")
    started = [sandbox]
    try:
        demo = next(app for app in ready["apps"] if app["kind"] == "oauth")
        account = ready["accounts"][0]["hub_id"]
        write_configuration(demo, tls)
        say("starting the gateway")
        gateway, _ = start("the gateway", [str(BIN / "hubward"), "serve", "--config", str(HOME / "hubward.toml")],
                           HOME / "gateway.log")
        started.append(gateway)
        web = Web(str(tls / "ca.pem"))
        say("connecting an account through OAuth")
        connect_account(web, account)
        key = hubward("client", "create", CLIENT, "--role", ROLE, "--connection", CONNECTION)["key"]
        say("making a first call")
        first_call(web, key)
    except BaseException:
        stop_processes([p.pid for p in started])
        raise
    write_private(ADDRESSES, json.dumps({
        "egress": f"https://localhost:{EGRESS}", "public": f"https://localhost:{PUBLIC}",
        "admin": f"https://localhost:{ADMIN}", "sandbox": f"https://localhost:{SANDBOX}",
        "sandbox_control": f"http://127.0.0.1:{CONTROL}",
        "admin_token": (HOME / "admin.token").read_text().strip(), "ca_file": str(tls / "ca.pem"),
        "connection": CONNECTION, "client_key": key, "account": account, "app": APP,
        "hooks": f"https://localhost:{PUBLIC}/hooks/{APP}", "app_secret": demo["client_secret"],
        "store_dir": str(HOME / "store"), "pid": gateway.pid, "sandbox_pid": sandbox.pid,
        "config": str(HOME / "hubward.toml"), "hubward": str(BIN / "hubward")}, indent=2) + "\n")
    return started


def print_next(addresses):
    base, ca, key = addresses["egress"], addresses["ca_file"], addresses["client_key"]
    print(f'''
The gateway runs; account {addresses["account"]} of the offline HubSpot is connected as "{addresses["connection"]}".

  With curl:
    curl --cacert {ca} -H "Authorization: Bearer {key}" \\
         "{base}/crm/v3/objects/contacts?limit=3"

  With HubSpot's Node SDK (NODE_EXTRA_CA_CERTS={ca}):
    new Client({{ basePath: "{base}", accessToken: "{key}" }})

  What happened:   {addresses["hubward"]} journal tail --config {addresses["config"]}
  All addresses:   {ADDRESSES}
''')


def main():
    parser = argparse.ArgumentParser(prog="./dev up", description=__doc__)
    parser.add_argument("--detach", action="store_true", help="leave both programs running and return")
    parser.add_argument("--down", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.down:
        down()
        return
    started = up()
    print_next(json.loads(ADDRESSES.read_text()))
    if wanted.detach or started is None:
        return
    say("Ctrl-C ends it")
    try:
        while all(process.poll() is None for process in started):
            time.sleep(0.2)
        say("a program ended by itself; see .hubward/*.log")
    except KeyboardInterrupt:
        pass
    down()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
