# SPDX-License-Identifier: Apache-2.0
"""The same bytes, sent to a door of ours, to nginx (as a proxy) and to Node (its parser as it is and at its most lenient):
whatever we read, they read alike, or they refuse; nothing that we still wait for is a whole request to them. The shapes in
smuggling/ are known from attacks; from them a seeded generator makes some thousands more (HUBWARD_LONG=1: more still).
What we refuse may be read by them in any way: it never gets past us."""
import base64
import concurrent.futures
import json
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import story

SHAPES = pathlib.Path(__file__).with_name("smuggling")
MUTATIONS = 100_000 if story.LONG else 5_000
SEED = 20261125
PATIENCE = 10

# What the generator puts in: bytes and words on which readers are known to differ.
WORDS = [b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x0b", b"\x0c", b"\x00", b"\x7f", b"\x85", b"\xa0", b"\xff", b":", b",", b";", b"\"",
         b"+", b"-", b"0", b"00", b"1", b"f", b"0x", b"chunked", b"identity", b"close", b"keep-alive", b"Content-Length: 3\r\n",
         b"Content-Length: 36\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: x\r\n", b"Connection: close\r\n",
         b"Connection: upgrade\r\nUpgrade: x\r\n", b"Expect: 100-continue\r\n", b"Host: i\r\n", b"HTTP/1.0", b"HTTP/1.1",
         b"0\r\n\r\n", b"3\r\nabc\r\n", b"GET /third HTTP/1.1\r\nHost: h\r\n\r\n"]


def mutated(chance, plain, shapes):
    """One of the shapes, of the plain ones every other time, with one to three small changes."""
    data = bytearray(chance.choice(chance.choice((plain, shapes))))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            data[at:at] = chance.choice(WORDS)
        elif kind == 1:
            del data[at:at + chance.randint(1, 3)]
        elif kind == 2:
            data[at:at + 1] = chance.choice(WORDS)
        elif kind == 3:
            data[at:at + 1] = bytes([chance.randrange(256)])
        else:
            lines = bytes(data).split(b"\r\n")
            one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            if kind == 4:
                lines[one], lines[other] = lines[other], lines[one]
            else:
                lines.insert(other, lines[one])
            data = bytearray(b"\r\n".join(lines))
    return bytes(data)


class Recorder:
    """Behind nginx, which sends whole requests in plain framing: answers each with what arrived."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(256)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    @staticmethod
    def answer(peer):
        with peer, peer.makefile("rb") as stream:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = stream.readline()
                if not line:
                    return
                head += line
            method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
            length = re.search(rb"^Content-Length: (\d+)\r$", head, re.M | re.I)
            body = stream.read(int(length[1])) if length else b""
            read = {"method": method, "target": target, "body": base64.b64encode(body).decode(), "whole": True}
            field = base64.b64encode(json.dumps(read).encode())
            try:
                peer.sendall(b"HTTP/1.1 200 OK\r\nX-Read: " + field + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                pass

    def stop(self):
        self.socket.close()


class Nginx:
    def __init__(self, folder):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            raise story.Trouble("nginx is missing; `./dev test` installs it (nginx-light)")
        self.recorder = Recorder(folder / "behind.sock")
        self.path = folder / "front.sock"
        (folder / "nginx.conf").write_text(f"""
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen unix:{self.path};
    location / {{ proxy_pass http://unix:{folder}/behind.sock; proxy_ignore_client_abort on; }}
  }}
}}
""")
        self.process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self.path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise story.Trouble(f"nginx does not listen: {(folder / 'error.log').read_text()}")
            time.sleep(0.01)

    def connect(self):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(PATIENCE)
        peer.connect(str(self.path))
        return peer

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.recorder.stop()


class Port:
    def __init__(self, port):
        self.port = port

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


def reading(server, data):
    """What the server says that it read of these bytes and the end behind them."""
    answer = b""
    with server.connect() as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                answer += piece
        except ConnectionError:
            pass  # closed while bytes of ours were unread; what was answered before that counts
    return [json.loads(base64.b64decode(field)) for field in re.findall(rb"^X-Read: (\S+)\r$", answer, re.M)]


def quarrel(ours, theirs):
    """Where they read another thing than we, or nothing."""
    for index, one in enumerate(ours):
        if index >= len(theirs):
            return None  # they refused it
        if not one["whole"]:
            return f"we wait for the rest of {one['method']} {one['target']}, they read a whole {theirs[index]}"
        if one != theirs[index]:
            return f"we read {one}, they {theirs[index]}"
    return None


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hubward-story-"))
        cls.processes, cls.nginx = [], None
        try:
            cls.ours = Port(cls.start([str(story.binaries() / "reading_door")])["port"])
            if not story.NODE.exists():
                raise story.Trouble("tests/clients/node_modules is missing; `./dev test` installs it (npm ci in tests/clients)")
            ports = cls.start([str(story.NODE), str(story.CLIENTS / "reading_server.mjs")])
            cls.nginx = Nginx(cls.folder)
            cls.others = {"nginx": cls.nginx, "Node": Port(ports["strict"]), "lenient Node": Port(ports["lenient"])}
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls, command):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        cls.processes.append(process)
        return json.loads(process.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        for process in cls.processes:
            process.kill()
            process.wait()
            process.stdout.close()
        if cls.nginx:
            cls.nginx.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def compare(self, inputs):
        """How many requests we read in all of them; fails where somebody reads one of those otherwise."""
        def look(item):
            name, data = item
            ours = reading(self.ours, data)
            return name, data, ours, {other: reading(server, data) for other, server in self.others.items()} if ours else {}

        read, quarrels, alike = 0, [], dict.fromkeys(self.others, 0)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for name, data, ours, others in pool.map(look, inputs):
                read += len(ours)
                for other, theirs in others.items():
                    alike[other] += sum(one == two for one, two in zip(ours, theirs))
                    if trouble := quarrel(ours, theirs):
                        quarrels.append(f"{name} and {other}: {trouble}\n  {data!r}")
        self.assertEqual(quarrels, [], "\n".join(quarrels[:10]))
        return read, alike

    def test_known_shapes(self):
        shapes = [(path.name, path.read_bytes()) for path in sorted(SHAPES.iterdir())]
        self.assertGreaterEqual(len(shapes), 150)
        self.compare(shapes)
        for name, data in shapes:  # what everybody should read is read, so that the comparison means something
            if name.startswith("plain_"):
                with self.subTest(name):
                    expected = 1 if name == "plain_close" else 2
                    self.assertEqual(len(reading(self.ours, data)), expected)
                    self.assertLessEqual(1, len(reading(self.others["nginx"], data)))

    def test_thousands_of_changed_shapes(self):
        chance = random.Random(SEED)
        shapes = [path.read_bytes() for path in sorted(SHAPES.iterdir())]
        plain = [path.read_bytes() for path in sorted(SHAPES.glob("plain_*"))]
        inputs = ((f"change {number}", mutated(chance, plain, shapes)) for number in range(MUTATIONS))
        read, alike = self.compare(inputs)
        print(f"{MUTATIONS} changed shapes: we read {read} requests; alike: {alike}")
        self.assertGreater(read, MUTATIONS // 20, "too few requests were read for a comparison")
        for other, count in alike.items():
            self.assertGreater(count, read // 2, f"{other} read too few of them")


if __name__ == "__main__":
    story.main()
