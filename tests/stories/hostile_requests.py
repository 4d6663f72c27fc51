# SPDX-License-Identifier: Apache-2.0
"""Hostile requests: each gets a 4xx or 5xx or a closed connection, none reaches HubSpot's side, and the next good request
works. HubSpot's side is, one after the other, a recorder that keeps every byte, Node's HTTP server with its lenient parser,
and nginx: what one of them would read differently shows as a request that nobody sent."""
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

import story
from demo import free_ports

KEY = "{KEY}"
GOOD = "GET /crm/v3/objects/contacts?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"
SMUGGLED = "GET /crm/v3/objects/companies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"


def get(target, *fields):
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Authorization: Bearer {KEY}", *fields]
    return "\r\n".join(lines) + "\r\n\r\n"


def post(*fields, body="", target="/crm/v3/objects/contacts"):
    lines = [f"POST {target} HTTP/1.1", "Host: localhost", "Authorization: Bearer {KEY}",
             "Content-Type: application/json", *fields]
    return "\r\n".join(lines) + "\r\n\r\n" + body


# What it is, and the bytes.
REQUESTS = [
    # Framing that two servers could read in two ways (RFC 9112 sections 6 and 11).
    ("both lengths: chunked and Content-Length", post("Content-Length: 4", "Transfer-Encoding: chunked", body="0\r\n\r\n" + SMUGGLED)),
    ("both lengths, the other order", post("Transfer-Encoding: chunked", "Content-Length: 4", body="0\r\n\r\n" + SMUGGLED)),
    ("two different Content-Length", post("Content-Length: 0", "Content-Length: 44", body="x" * 44)),
    ("the same Content-Length twice", post("Content-Length: 2", "Content-Length: 2", body="{}")),
    ("Content-Length as a list", post("Content-Length: 2, 2", body="{}")),
    ("Content-Length with a plus", post("Content-Length: +2", body="{}")),
    ("Content-Length with a minus", post("Content-Length: -2", body="{}")),
    ("Content-Length in hexadecimal", post("Content-Length: 0x2", body="{}")),
    ("Content-Length that overflows", post("Content-Length: 18446744073709551618", body="{}")),
    ("Content-Length with a space inside", post("Content-Length: 1 0", body="{}")),
    ("an empty Content-Length", post("Content-Length:", body="{}")),
    ("Content-Length with other digits", post("Content-Length: \u0662", body="{}")),
    ("Transfer-Encoding: identity", post("Transfer-Encoding: identity", body="{}")),
    ("Transfer-Encoding: gzip, chunked", post("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n")),
    ("Transfer-Encoding twice", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body="0\r\n\r\n")),
    ("Transfer-Encoding: xchunked", post("Transfer-Encoding: xchunked", body="0\r\n\r\n")),
    ("Transfer-Encoding with a tab before its value", post("Transfer-Encoding:\tchunked, identity", body="0\r\n\r\n")),
    ("Transfer-Encoding with a vertical tab", post("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n")),
    ("Transfer-Encoding behind a space before the colon", post("Transfer-Encoding : chunked", body="0\r\n\r\n" + SMUGGLED)),
    ("Transfer-Encoding folded onto the next line", post("Transfer-Encoding:\r\n chunked", body="0\r\n\r\n" + SMUGGLED)),
    ("a chunk extension", post("Transfer-Encoding: chunked", body="2;a=b\r\n{}\r\n0\r\n\r\n")),
    ("a chunk size with 0x", post("Transfer-Encoding: chunked", body="0x2\r\n{}\r\n0\r\n\r\n")),
    ("a chunk size with a plus", post("Transfer-Encoding: chunked", body="+2\r\n{}\r\n0\r\n\r\n")),
    ("a chunk size that overflows", post("Transfer-Encoding: chunked", body="FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")),
    ("an empty chunk size", post("Transfer-Encoding: chunked", body="\r\n{}\r\n0\r\n\r\n")),
    ("a chunk that ends in a bare LF", post("Transfer-Encoding: chunked", body="2\r\n{}\n0\r\n\r\n")),
    ("a chunk size that ends in a bare LF", post("Transfer-Encoding: chunked", body="2\n{}\r\n0\r\n\r\n")),
    ("a chunk longer than it says", post("Transfer-Encoding: chunked", body="1\r\n{}\r\n0\r\n\r\n")),
    ("a trailer that would be a field", post("Transfer-Encoding: chunked", body="2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n")),
    ("Transfer-Encoding in HTTP/1.0", post("Transfer-Encoding: chunked", body="0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0")),
    # Line ends and bytes that do not belong.
    ("lines that end in a bare LF", GOOD.replace("\r\n", "\n")),
    ("one line that ends in a bare LF", GOOD.replace("localhost\r\n", "localhost\n")),
    ("a bare CR inside a value", get("/crm/v3/objects/contacts", "X-A: b\rX-C: d")),
    ("a NUL in a value", get("/crm/v3/objects/contacts", "X-A: b\x00c")),
    ("a NUL in the target", get("/crm/v3/objects/contacts\x00")),
    ("a control byte in a value", get("/crm/v3/objects/contacts", "X-A: \x01")),
    ("a space before a colon", get("/crm/v3/objects/contacts", "X-A : b")),
    ("a space inside a name", get("/crm/v3/objects/contacts", "X A: b")),
    ("a field without a colon", get("/crm/v3/objects/contacts", "nonsense")),
    ("an empty field name", get("/crm/v3/objects/contacts", ": b")),
    ("a folded field", get("/crm/v3/objects/contacts", "X-A: b", " c")),
    ("a space before the first field", GOOD.replace("Host:", " Host:")),
    ("an empty line before the request", "\n" + GOOD),
    # Targets and versions.
    ("absolute form", get("https://api.hubapi.com/crm/v3/objects/contacts")),
    ("absolute form of another host", get("http://169.254.169.254/latest/meta-data")),
    ("authority form", "CONNECT api.hubapi.com:443 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"),
    ("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"),
    ("a fragment", get("/crm/v3/objects/contacts#x")),
    ("a space in the target", get("/crm/v3/objects/contacts HTTP/1.1 x")),
    ("a backslash in the target", get("/crm\\v3\\objects\\contacts")),
    ("two spaces before the target", GOOD.replace("GET /", "GET  /")),
    ("a tab before the target", GOOD.replace("GET /", "GET\t/")),
    ("HTTP/1.0", GOOD.replace("HTTP/1.1", "HTTP/1.0")),
    ("HTTP/0.9", "GET /crm/v3/objects/contacts\r\n\r\n"),
    ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/1.2", GOOD.replace("HTTP/1.1", "HTTP/1.2")),
    ("lower-case http/1.1", GOOD.replace("HTTP/1.1", "http/1.1")),
    ("no Host", GOOD.replace("Host: localhost\r\n", "")),
    ("two Hosts", get("/crm/v3/objects/contacts", "Host: api.hubapi.com")),
    ("bytes that are not UTF-8 in the target", get("/crm/v3/objects/\xff\xfe")),
    # Paths that hide what they ask for (hubspot.md section 8).
    ("an encoded slash", get("/crm/v3/objects%2Fcontacts")),
    ("a lower-case encoded slash", get("/crm/v3/objects%2fcontacts")),
    ("an encoded backslash", get("/crm/v3/objects%5Ccontacts")),
    ("dot segments", get("/crm/v3/objects/../objects/contacts")),
    ("encoded dot segments", get("/crm/v3/objects/%2e%2e/%2e%2e/oauth/v1/token")),
    ("half-encoded dot segments", get("/crm/v3/objects/.%2e/contacts")),
    ("double encoding", get("/crm/v3/objects/%2563ontacts")),
    ("an encoded NUL", get("/crm/v3/objects/contacts%00")),
    ("an encoded line end", get("/crm/v3/objects/contacts%0d%0aX-Injected:1")),
    ("a bad escape", get("/crm/v3/objects/%zz")),
    ("a cut escape", get("/crm/v3/objects/contacts%2")),
    ("a path parameter", get("/crm/v3/objects/contacts;v=1")),
    ("an encoded path parameter", get("/crm/v3/objects/contacts%3Bv=1")),
    ("empty segments", get("//crm/v3//objects/contacts")),
    ("overlong UTF-8", get("/crm/v3/objects/%c0%af")),
    ("an unknown operation", get("/internal/secret")),
    ("hapikey in the query", get("/crm/v3/objects/contacts?hapikey=00000000-0000-0000-0000-000000000000")),
    ("an encoded hapikey", get("/crm/v3/objects/contacts?%68apikey=x")),
    ("a doubly encoded hapikey", get("/crm/v3/objects/contacts?%2568apikey=x")),
    ("the token endpoint", post("Content-Length: 0", target="/oauth/v1/token")),
    ("another token's introspection", get("/oauth/v1/access-tokens/abc")),
    # Sizes.
    ("a target that is too long", get("/crm/v3/objects/contacts?q=" + "a" * 20000)),
    ("a field that is too long", get("/crm/v3/objects/contacts", "X-A: " + "a" * 70000)),
    ("too many fields", get("/crm/v3/objects/contacts", *[f"X-{i}: a" for i in range(300)])),
    ("a method that is too long", "G" * 100 + " /crm/v3/objects/contacts HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a body beyond the limit", post("Content-Length: 999999999999", body="{}")),
    # Credentials.
    ("no credential", GOOD.replace("Authorization: Bearer {KEY}\r\n", "")),
    ("two credentials", get("/crm/v3/objects/contacts", "Authorization: Bearer pat-na1-00000000-0000-0000-0000-000000000000")),
    ("a HubSpot token instead of a key", GOOD.replace("{KEY}", "pat-na1-00000000-0000-0000-0000-000000000000")),
    ("Basic instead of Bearer", GOOD.replace("Bearer", "Basic")),
    # 100-continue and upgrades.
    ("an unknown expectation", post("Content-Length: 2", "Expect: 200-ok", body="{}")),
    ("two expectations", post("Content-Length: 2", "Expect: 100-continue, x", body="{}")),
    ("a connection to another path", get("/c/%2e%2e/crm/v3/objects/contacts")),
    ("a connection that is not the client's", get("/c/other/crm/v3/objects/contacts")),
    ("a connection prefix alone", get("/c/acme-demo")),
]


TOKEN = "pat-na1-11111111-2222-3333-4444-555555555555"
TOKEN_INFO = {"userId": 1, "hubId": 8801234, "appId": 1, "scopes": ["oauth", "crm.objects.contacts.read"]}
DETAILS = {"portalId": 8801234, "accountType": "STANDARD", "timeZone": "UTC", "companyCurrency": "EUR",
           "additionalCurrencies": [], "utcOffset": "+00:00", "utcOffsetMilliseconds": 0, "uiDomain": "app.hubspot.com",
           "dataHostingLocation": "na1"}
# Tight, so that what waits for more bytes is over soon.
LIMITS = """
[limits]
head_ms = 1500
body_idle_ms = 1500
"""


class Recorder:
    """A TLS server that keeps every byte and answers every request head alike. Also plays the two HubSpot calls by which
    a private-app token is connected."""

    def __init__(self, demo):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(demo.tls / "sandbox.pem", demo.tls / "sandbox.key")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heads, self.broken = [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(raw,), daemon=True).start()

    def talk(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as peer, peer.makefile("rb") as stream:
                while (head := self.read_head(stream)):
                    try:
                        self.read_body(head, stream)
                    except (OSError, ValueError):
                        self.broken.append(head.split("\r\n")[0])
                        return
                    self.heads.append(head)
                    body = json.dumps(self.answer(head)).encode()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                                 + body)
        except (OSError, ssl.SSLError):
            pass

    @staticmethod
    def read_head(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return ""
            head += line
        return head[:-4].decode("latin-1")

    @staticmethod
    def read_body(head, stream):
        """To its end; raises when it has none."""
        fields = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:])
        chunked = fields.get("transfer-encoding") == "chunked"
        while True:
            size = int(stream.readline().decode(), 16) if chunked else int(fields.get("content-length", 0))
            piece = stream.read(size + 2 if chunked else size)
            if len(piece) < size:
                raise ValueError("cut off")
            if size == 0 or not chunked:
                return

    @staticmethod
    def answer(head):
        if "access-token-info" in head:
            return TOKEN_INFO
        return DETAILS if "/details" in head else {"results": []}

    def seen(self):
        """The request lines of what arrived whole."""
        return [head.split("\r\n")[0] for head in self.heads]

    def cut(self):
        """The request lines of what broke off."""
        return list(self.broken)

    def stop(self):
        self.socket.close()


class Node:
    """Node's own HTTPS server, reading as leniently as it can."""

    def __init__(self, demo):
        if not story.NODE.exists():
            raise story.Trouble("tests/clients/node_modules is missing; `./dev test` installs it (npm ci in tests/clients)")
        self.log = demo.folder / "node.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(story.NODE), str(story.CLIENTS / "hostile_upstream.mjs"), str(demo.tls / "sandbox.pem"),
                 str(demo.tls / "sandbox.key"), json.dumps([TOKEN_INFO, DETAILS])], stdout=subprocess.PIPE, stderr=log, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def seen(self):
        return [line for line in self.log.read_text().splitlines() if not line.startswith("cut: ")]

    def cut(self):
        return [line.removeprefix("cut: ") for line in self.log.read_text().splitlines() if line.startswith("cut: ")]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Nginx:
    """nginx with the demo's certificate, as a proxy in front of another nginx: what smuggling is made for. The one behind
    logs each request line; the one in front passes whole requests only."""

    def __init__(self, demo):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            raise story.Trouble("nginx is missing; `./dev test` installs it (nginx-light)")
        folder = pathlib.Path(demo.folder) / "nginx"
        folder.mkdir()
        [self.port] = free_ports(1)
        self.log = folder / "seen.log"
        (folder / "nginx.conf").write_text(f"""
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  log_format seen escape=none '$request';
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{self.port} ssl;
    ssl_certificate {demo.tls}/sandbox.pem;
    ssl_certificate_key {demo.tls}/sandbox.key;
    location / {{ proxy_pass http://unix:{folder}/behind.sock; proxy_http_version 1.1; }}
  }}
  server {{
    listen unix:{folder}/behind.sock;
    access_log {self.log} seen;
    default_type application/json;
    location ~ access-token-info {{ return 200 '{json.dumps(TOKEN_INFO)}'; }}
    location ~ /details {{ return 200 '{json.dumps(DETAILS)}'; }}
    location / {{ return 200 '{{"results": []}}'; }}
  }}
}}
""")
        self.process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def seen(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    @staticmethod
    def cut():
        return []

    def stop(self):
        self.process.terminate()
        self.process.wait()


class HostileRequests(story.Story):
    extra_configuration = LIMITS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstreams, cls.keys = {}, {}
        demo = cls.demo
        try:
            for name, kind in (("recorder", Recorder), ("node", Node), ("nginx", Nginx)):
                cls.upstreams[name] = kind(demo)
            demo.config.write_text(demo.config.read_text() + "".join(f"""
[apps.{name}]
kind = "private"
simulator = true
simulator_api = "https://localhost:{upstream.port}"
simulator_ca = "{demo.ca_file}"
""" for name, upstream in cls.upstreams.items()))
            demo.stop_gateway()
            demo.start_gateway()
            for name in cls.upstreams:
                demo.hubward("connection", "add", name, "--app", name, secret_input=TOKEN + "\n")
                cls.keys[name] = demo.create_client(f"hostile-{name}", connection=name)
        except BaseException:
            cls.tearDownClass()
            raise
        cls.trust = ssl.create_default_context(cafile=demo.ca_file)
        cls.marks = 0

    @classmethod
    def tearDownClass(cls):
        for upstream in cls.upstreams.values():
            upstream.stop()
        super().tearDownClass()

    def send(self, text, key, to_the_end=False):
        """The answer's first line, or nothing when the gateway just closed. Reading to the end proves that it did close,
        and that nothing behind the request was answered."""
        raw = socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=20)
        with self.trust.wrap_socket(raw, server_hostname="localhost") as peer:
            answer = b""
            try:
                peer.sendall(text.replace(KEY, key).encode("latin-1", errors="replace"))
                while to_the_end or b"\r\n\r\n" not in answer:
                    piece = peer.recv(65536)
                    if not piece:
                        break
                    answer += piece
            except (ConnectionError, ssl.SSLError):
                pass  # closed while we still wrote; what was answered before that counts
        self.assertLessEqual(answer.count(b"HTTP/1.1 "), 1 if to_the_end else 2)
        return answer.split(b"\r\n")[0].decode("latin-1")

    def good(self, name):
        """A good request works, and all that arrived since the last one is it: what a hostile one left behind would
        have come first."""
        HostileRequests.marks += 1
        mark = f"/crm/v3/objects/contacts?limit=1&after={HostileRequests.marks}"
        self.assertIn(" 200", self.send(get(mark), self.keys[name]), "the next good request failed")
        upstream = self.upstreams[name]
        arrived = self.eventually(f"{name} has seen the good request",
                                  lambda: (lines := upstream.seen()) and mark in lines[-1] and lines)
        self.assertEqual(arrived[-1], f"GET {mark} HTTP/1.1")
        return len(arrived)

    def attack(self, name):
        self.assertGreaterEqual(len(REQUESTS), 60)
        before = self.good(name)
        for what, text in REQUESTS:
            with self.subTest(what):
                first_line = self.send(text, self.keys[name], to_the_end=SMUGGLED in text)
                if first_line:
                    self.assertTrue(400 <= int(first_line.split()[1]) < 600, f"answered {first_line}")
                since, before = before, self.good(name)
                self.assertEqual(self.upstreams[name].seen()[since:before - 1], [], "something reached HubSpot's side")
        # A body that turns out to be broken when its head has gone on is cut off there, and means nothing.
        self.assertLessEqual(set(self.upstreams[name].cut()), {"POST /crm/v3/objects/contacts HTTP/1.1"})
        self.assertIsNone(self.demo.gateway.poll(), "the gateway died")

    def test_a_recorder_sees_none_of_them(self):
        self.attack("recorder")

    def test_node_sees_none_of_them(self):
        self.attack("node")

    def test_nginx_sees_none_of_them(self):
        self.attack("nginx")

    def test_a_good_request_arrives_with_our_token_and_without_the_callers_key(self):
        recorder = self.upstreams["recorder"]
        before = len(recorder.heads)
        self.assertIn(" 200", self.send(get("/crm/v3/objects/contacts", "Cookie: a=b", "X-Forwarded-For: 1.2.3.4",
                                            "X-HTTP-Method-Override: DELETE", "Connection: X-Drop", "X-Drop: 1"),
                                        self.keys["recorder"]))
        head = recorder.heads[before]
        self.assertIn(f"Authorization: Bearer {TOKEN}", head)
        self.assertNotIn(self.keys["recorder"], head)
        for dropped in ("cookie", "x-forwarded-for", "x-http-method-override", "x-drop"):
            self.assertNotIn(dropped, head.lower())

    def test_two_requests_in_one_piece_are_two_requests_in_order(self):
        for name, upstream in self.upstreams.items():
            with self.subTest(name):
                before = self.good(name)
                two = get("/crm/v3/objects/contacts?limit=2") + get("/crm/v3/objects/contacts?limit=3")
                self.assertIn(" 200", self.send(two, self.keys[name]))
                arrived = self.good(name)
                # The second may be given up when the client closes after the first answer; it may not become anything else.
                lines = upstream.seen()[before:arrived - 1]
                whole = [f"GET /crm/v3/objects/contacts?limit={n} HTTP/1.1" for n in (2, 3)]
                self.assertEqual(lines, whole[:len(lines)])
                self.assertGreaterEqual(len(lines), 1)

    def test_a_body_that_waits_to_be_asked_for_is_asked_for_or_refused_once(self):
        """100-continue: one interim answer, then the body, then one answer; HubSpot's side sees one request."""
        for name, upstream in self.upstreams.items():
            with self.subTest(name):
                before = self.good(name)
                raw = socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=20)
                with self.trust.wrap_socket(raw, server_hostname="localhost") as peer:
                    peer.sendall(post("Content-Length: 17", "Expect: 100-continue").replace(KEY, self.keys[name]).encode())
                    interim = peer.recv(65536)
                    self.assertTrue(interim.startswith((b"HTTP/1.1 100 ", b"HTTP/1.1 4")), interim)
                    if interim.startswith(b"HTTP/1.1 100 "):
                        peer.sendall(b'{"properties":{}}')
                        answer = interim.partition(b"\r\n\r\n")[2] or peer.recv(65536)
                        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
                arrived = self.good(name)
                expected = ["POST /crm/v3/objects/contacts HTTP/1.1"] if interim.startswith(b"HTTP/1.1 100 ") else []
                self.assertEqual(upstream.seen()[before:arrived - 1], expected)


if __name__ == "__main__":
    story.main()
