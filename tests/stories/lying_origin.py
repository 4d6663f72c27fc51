# SPDX-License-Identifier: Apache-2.0
"""A TLS server in HubSpot's place that breaks its answers as it is asked to: by the `after` parameter of a call. Also plays
the two calls by which a private-app token is connected."""
import gzip
import json
import re
import socket
import ssl
import threading
import time

TOKEN = "pat-na1-11111111-2222-3333-4444-555555555555"
TOKEN_INFO = {"userId": 1, "hubId": 8801234, "appId": 1, "scopes": ["oauth", "crm.objects.contacts.read"]}
DETAILS = {"portalId": 8801234, "accountType": "STANDARD", "timeZone": "UTC", "companyCurrency": "EUR",
           "additionalCurrencies": [], "utcOffset": "+00:00", "utcOffsetMilliseconds": 0, "uiDomain": "app.hubspot.com",
           "dataHostingLocation": "na1"}
JSON = b"Content-Type: application/json\r\n"
GOOD = b'{"results": []}'
BOMB = gzip.compress(b"0" * 50_000_000)
# How long a connection is kept that says no more; longer than every wait of the gateway in these stories.
SILENCE = 12


def whole(body, fields=b""):
    return b"HTTP/1.1 200 OK\r\n" + JSON + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


class LyingOrigin:
    def __init__(self, demo):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(demo.tls / "sandbox.pem", demo.tls / "sandbox.key")
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.stopped = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.socket.close()

    def serve(self):
        while True:
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(raw,), daemon=True).start()

    def talk(self, raw):
        raw.settimeout(SILENCE)
        try:
            with self.context.wrap_socket(raw, server_side=True) as peer, peer.makefile("rb") as stream:
                while (head := self.read_head(stream)):
                    lie = re.search(rb"[?&]after=([a-z_]+)", head.split(b"\r\n")[0])
                    if lie and lie[1] == b"early":
                        # Before the body was read, and it never is.
                        peer.sendall(b"HTTP/1.1 413 Payload Too Large\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD)
                        self.stopped.wait(SILENCE)
                        return
                    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
                    stream.read(int(length[1]) if length else 0)
                    if not lie:
                        peer.sendall(whole(json.dumps(self.plain(head)).encode()))
                    elif not getattr(self, lie[1].decode())(peer):
                        return
        except (OSError, ssl.SSLError):
            pass  # the gateway has had enough

    @staticmethod
    def read_head(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return b""
            head += line
        return head

    @staticmethod
    def plain(head):
        if b"access-token-info" in head:
            return TOKEN_INFO
        return DETAILS if b"/details" in head else {"results": []}

    # Lies. True when the connection may go on.

    def stall(self, peer):
        self.stopped.wait(SILENCE)

    def half_head(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-")
        self.stopped.wait(SILENCE)

    def trickling_head(self, peer):
        for _ in range(SILENCE * 5):
            peer.sendall(b"H")
            time.sleep(0.2)

    def endless_head(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.sendall(b"X-More: and more\r\n" * 100)

    def interim(self, peer):
        while True:
            peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20)
            time.sleep(0.01)

    def stalled_body(self, peer):
        peer.sendall(whole(GOOD)[:-5])
        self.stopped.wait(SILENCE)

    def trickling_body(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 100000\r\n\r\n")
        for _ in range(SILENCE * 20):
            peer.sendall(b" ")
            time.sleep(0.05)

    def short(self, peer):
        peer.sendall(whole(GOOD)[:-5])

    def long(self, peer):
        peer.sendall(whole(GOOD) + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled")
        return True

    def cut_chunk(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n4\r\n{}  \r\n")

    def endless_chunks(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")

    def bomb(self, peer):
        peer.sendall(whole(BOMB, b"Content-Encoding: gzip\r\n"))
        return True

    def reset(self, peer):
        peer.unwrap()
