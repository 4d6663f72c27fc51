# SPDX-License-Identifier: Apache-2.0
"""A TCP hop that does to connections what a bad network does: delays, slices, cuts, corrupts, goes silent, refuses. What
happens to which connection follows from a seed. Every thread ends with the gate; no wait is longer than a connection."""
import random
import select
import socket
import threading
import time

LONGEST_CONNECTION = 30
# No connection carries more than this: kept ones end, too, now and then within an answer.
MOST_BYTES = (60_000, 200_000)


class ChaosGate:
    """Stands before `port` on loopback and listens on its own `port`. `weights` says how often what happens; "clean" is the
    name of nothing. What happened is counted in `happened`."""

    TROUBLES = ("delay", "slice", "cut_up", "cut_down", "corrupt_up", "corrupt_down", "silence", "refuse")

    def __init__(self, port, weights, seed=1):
        self.behind = port
        self.random = random.Random(seed)
        self.kinds, self.weights = list(weights), list(weights.values())
        unknown = set(self.kinds) - {*self.TROUBLES, "clean"}
        if unknown:
            raise ValueError(f"no such trouble: {unknown}")
        self.happened = dict.fromkeys(self.kinds, 0)
        self.calm = False
        self.stopped = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept_all, daemon=True)]
        self.threads[0].start()

    def stop(self):
        self.stopped.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.threads:
            thread.join(5)

    def accept_all(self):
        while not self.stopped.is_set():
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            kind = "clean" if self.calm else self.random.choices(self.kinds, self.weights)[0]
            if kind in self.happened:
                self.happened[kind] += 1
            # Some way into a handshake, a request or an answer.
            at = self.random.choice((1, 200, 900, 3000, 8000)) + self.random.randrange(200)
            thread = threading.Thread(target=self.carry, args=(near, kind, at), daemon=True)
            self.threads.append(thread)
            thread.start()

    def carry(self, near, kind, at):
        with near:
            if kind == "refuse":
                return
            try:
                with socket.create_connection(("127.0.0.1", self.behind), timeout=5) as far:
                    self.pump(near, far, kind, at)
            except OSError:
                pass  # one side has gone: so does the other

    def pump(self, near, far, kind, at):
        """Both ways until one side ends, or the trouble says so."""
        moved = {"up": 0, "down": 0}
        ends = time.monotonic() + LONGEST_CONNECTION
        most = LONGEST_CONNECTION * 10**9 if self.calm else self.random.randint(*MOST_BYTES)
        for side in (near, far):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            side.settimeout(5)
        while not self.stopped.is_set() and time.monotonic() < ends and sum(moved.values()) < most:
            ready, _, _ = select.select([near, far], [], [], 0.2)
            for side in ready:
                way, other = ("up", far) if side is near else ("down", near)
                data = side.recv(16384)
                if not data or not self.deliver(other, data, kind, at, way, moved):
                    return

    def deliver(self, other, data, kind, at, way, moved):
        before = moved[way]
        moved[way] += len(data)
        here = before <= at < moved[way]
        if kind == "silence" and moved["up"] + moved["down"] > at:
            return True  # swallowed
        if kind == f"cut_{way}" and here:
            other.sendall(data[:at - before])
            return False
        if kind == f"corrupt_{way}" and here:
            data = data[:at - before] + bytes([data[at - before] ^ 0x20]) + data[at - before + 1:]
        if kind == "delay":
            self.stopped.wait(self.random.uniform(0.01, 0.15))
        if kind == "slice" and len(data) < 4000:
            for i in range(0, len(data), 37):
                other.sendall(data[i:i + 37])
            return True
        other.sendall(data)
        return True
