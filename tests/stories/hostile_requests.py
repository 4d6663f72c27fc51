# SPDX-License-Identifier: Apache-2.0
"""Hostile requests: each gets a 4xx or 5xx or a closed connection, none reaches HubSpot's side, and the next good request
works. The upstream is a recorder that keeps every byte that arrives."""
import json
import socket
import ssl
import threading

import story

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


class Recorder:
    """A TLS server that keeps every byte and answers every request head alike. Also plays the two HubSpot calls by which
    a private-app token is connected."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heads = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            raw, _ = self.socket.accept()
            threading.Thread(target=self.talk, args=(raw,), daemon=True).start()

    def talk(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as peer:
                buffer = b""
                while True:
                    while b"\r\n\r\n" not in buffer:
                        piece = peer.recv(65536)
                        if not piece:
                            return
                        buffer += piece
                    head, buffer = buffer.split(b"\r\n\r\n", 1)
                    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                                   if line.startswith(b"content-length:")), 0)
                    while len(buffer) < length:
                        buffer += peer.recv(65536)
                    buffer = buffer[length:]
                    self.heads.append(head)
                    body = json.dumps(self.answer(head)).encode()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (OSError, ssl.SSLError):
            pass

    @staticmethod
    def answer(head):
        if b"access-token-info" in head:
            return {"userId": 1, "hubId": 8801234, "appId": 1, "scopes": ["oauth", "crm.objects.contacts.read"]}
        if b"/details" in head:
            return {"portalId": 8801234, "accountType": "STANDARD", "timeZone": "UTC", "companyCurrency": "EUR",
                    "additionalCurrencies": [], "utcOffset": "+00:00", "utcOffsetMilliseconds": 0,
                    "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1"}
        return {"results": []}


class HostileRequests(story.Story):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        demo = cls.demo
        cls.recorder = Recorder(demo.tls / "sandbox.pem", demo.tls / "sandbox.key")
        config = demo.config.read_text() + f'''
[apps.recorder]
kind = "private"
simulator = true
simulator_api = "https://localhost:{cls.recorder.port}"
simulator_ca = "{demo.ca_file}"
'''
        demo.config.write_text(config)
        demo.stop_gateway()
        demo.start_gateway()
        demo.hubward("connection", "add", "recorded", "--app", "recorder",
                     secret_input="pat-na1-11111111-2222-3333-4444-555555555555\n")
        cls.key = demo.create_client("hostile", connection="recorded")
        cls.trust = ssl.create_default_context(cafile=demo.ca_file)

    def send(self, text):
        """The answer's first line, or nothing when the gateway just closed."""
        raw = socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=20)
        with self.trust.wrap_socket(raw, server_hostname="localhost") as peer:
            try:
                peer.sendall(text.replace(KEY, self.key).encode("latin-1", errors="replace"))
                answer = b""
                while b"\r\n\r\n" not in answer:
                    piece = peer.recv(65536)
                    if not piece:
                        break
                    answer += piece
            except (ConnectionError, ssl.SSLError):
                return ""
        return answer.split(b"\r\n")[0].decode("latin-1")

    def test_each_is_refused_and_the_next_good_request_works(self):
        self.assertGreaterEqual(len(REQUESTS), 60)
        for what, text in REQUESTS:
            with self.subTest(what):
                before = len(self.recorder.heads)
                first_line = self.send(text)
                if first_line:
                    status = int(first_line.split()[1])
                    self.assertTrue(400 <= status < 600, f"answered {first_line}")
                self.assertEqual(self.recorder.heads[before:], [], "something reached HubSpot's side")
                self.assertIn(" 200", self.send(GOOD), "the next good request failed")

    def test_a_good_request_arrives_with_our_token_and_without_the_callers_key(self):
        before = len(self.recorder.heads)
        self.assertIn(" 200", self.send(get("/crm/v3/objects/contacts", "Cookie: a=b", "X-Forwarded-For: 1.2.3.4",
                                            "X-HTTP-Method-Override: DELETE", "Connection: X-Drop", "X-Drop: 1")))
        head = self.recorder.heads[before].decode("latin-1")
        self.assertIn("Authorization: Bearer pat-na1-11111111-2222-3333-4444-555555555555", head)
        self.assertNotIn(self.key, head)
        for dropped in ("cookie", "x-forwarded-for", "x-http-method-override", "x-drop"):
            self.assertNotIn(dropped, head.lower())


if __name__ == "__main__":
    story.main()
