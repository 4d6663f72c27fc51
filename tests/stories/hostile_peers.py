# SPDX-License-Identifier: Apache-2.0
"""Slow, greedy and lying peers on both sides of the real program: slowloris, slow bodies and slow readers (slowhttptest), a
flood of connections and of handshakes (our own sockets), many requests at once (h2load), and a HubSpot that stalls, lies or
never ends. Meanwhile a good client is served, and afterwards nothing is left of it all."""
import http.client
import json
import pathlib
import re
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time

import lying_origin
import story

# Tight, so that attacks are over soon. Attacks from 127.0.0.1 count as from a machine that many share; those from the other
# loopback addresses do not.
LIMITS = """
[limits]
connections = 300
handshake_ms = 2000
head_ms = 2000
idle_ms = 5000
body_idle_ms = 2000
shared_addresses = ["127.0.0.1"]

[limits.egress]
connections_per_address = 50
handshakes_per_second_per_address = 20

[limits.upstream]
answer_ms = 3000
body_idle_ms = 2000
answer_body_bytes = 3000000

[apps.liar]
kind = "private"
simulator = true
simulator_api = "https://localhost:{port}"
simulator_ca = "{ca}"
"""
GOOD = "/crm/v3/objects/contacts?limit=1"


def tool(name):
    program = shutil.which(name)
    if not program:
        raise story.Trouble(f"{name} is missing; `./dev test` installs it")
    return program


class HostilePeers(story.Story):
    log_level = "info"

    @classmethod
    def arrange(cls):
        cls.origin = lying_origin.LyingOrigin(cls.demo)
        # Each lie is told once: what is sent again is not this story's.
        cls.extra_configuration = LIMITS.format(port=cls.origin.port, ca=cls.demo.ca_file) + "[pacing]\nmost_repeats = 0\n"
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.demo.hubward("connection", "add", "liar", "--app", "liar", secret_input=lying_origin.TOKEN + "\n")
            cls.liar_key = cls.demo.create_client("liar", connection="liar")
            cls.trust = ssl.create_default_context(cafile=cls.demo.ca_file)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.origin.stop()
        super().tearDownClass()

    # --- What the gateway says of itself ---

    def metrics(self):
        headers = {"Authorization": f"Bearer {self.demo.admin_token}"}
        text = self.demo.web().get(self.demo.admin + "/metrics", headers).text
        return {name: float(value) for name, value in re.findall(r"^(hubward_door_\S+) (\S+)$", text, re.M)}

    def cuts(self, reason):
        return self.metrics()[f'hubward_door_cuts_total{{door="egress",reason="{reason}"}}']

    def open(self):
        return self.metrics()['hubward_door_connections{door="egress"}']

    def memory(self):
        status = pathlib.Path(f"/proc/{self.demo.gateway.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    # --- The good client ---

    def good(self):
        """A call on a new connection; how long it took."""
        began = time.monotonic()
        answer = self.demo.call("GET", GOOD)
        self.assertEqual(answer.status, 200, answer.text)
        return time.monotonic() - began

    def good_while(self, running):
        """Good calls for as long as the attack runs, each in time."""
        slowest, calls = 0.0, 0
        while running():
            slowest = max(slowest, self.good())
            calls += 1
        self.assertGreater(calls, 3, "the attack was over before anything was tried")
        self.assertLess(slowest, 2.0, "a good client waited")
        return slowest, calls

    def attack(self, *words):
        """slowhttptest to its end, beside good calls."""
        run = subprocess.Popen([tool("slowhttptest"), "-u", self.demo.egress + GOOD, "-p", "5", *words],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            slowest, calls = self.good_while(lambda: run.poll() is None)
            said = run.communicate(timeout=30)[0]
        finally:
            run.kill()
            run.wait()
        print(f"\n{words[0]}: {calls} good calls, slowest {slowest * 1000:.0f} ms", flush=True)
        self.assertIn("Exit status", re.sub("\x1b\\[[0-9;]*m", "", said))
        self.assertIsNone(self.demo.gateway.poll(), "the gateway died")
        self.eventually("all its connections are gone", lambda: self.open() <= 2)

    def test_slowloris(self):
        before = self.cuts("head_slow") + self.cuts("gave_way")
        self.attack("-H", "-c", "400", "-r", "200", "-i", "1", "-l", "8", "-x", "8")
        self.assertGreater(self.cuts("head_slow") + self.cuts("gave_way"), before + 100)

    def test_slow_bodies(self):
        self.attack("-B", "-c", "400", "-r", "200", "-i", "1", "-l", "8", "-x", "4", "-s", "8192")

    def test_slow_readers(self):
        self.attack("-X", "-c", "200", "-r", "200", "-l", "8", "-n", "1", "-z", "1", "-w", "1", "-y", "2", "-k", "3")

    def test_many_requests_at_once(self):
        run = subprocess.run([tool("h2load"), "--h1", "-n", "2000", "-c", "50", "-t", "1", "-H",
                              f"Authorization: Bearer {self.demo.client_key}", self.demo.egress + GOOD],
                             capture_output=True, text=True, timeout=60, check=True)
        self.assertRegex(run.stdout, r"2000 succeeded, 0 failed, 0 errored, 0 timeout")
        self.assertRegex(run.stdout, r"status codes: 2000 2xx")

    def sockets(self, count, source, say=b""):
        held = []
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=10, source_address=(source, 0))
            if say:
                one.sendall(say)
            held.append(one)
        return held

    def test_one_address_cannot_take_all_connections(self):
        before = self.cuts("address_full")
        held = self.sockets(120, "127.0.0.2")
        self.eventually("the rest is refused", lambda: self.cuts("address_full") >= before + 70)
        self.assertLessEqual(self.open(), 52)
        self.good()
        for one in held:
            one.close()
        self.eventually("all its connections are gone", lambda: self.open() <= 2)

    def test_a_flood_of_connections_does_not_keep_a_good_client_out(self):
        held = []
        try:
            for round_ in range(8):
                held += self.sockets(50, f"127.0.1.{round_ + 1}")
            self.assertLess(self.good(), 2)
            self.assertGreater(self.cuts("gave_way"), 0)
        finally:
            for one in held:
                one.close()

    def test_a_flood_of_handshakes_is_slowed_to_its_rate(self):
        begins = b"\x16\x03\x01\x00\x2a\x01\x00\x00\x26" + b"\x03" * 38  # a record that is whole: it takes a turn
        before = self.metrics()
        stop, tried = threading.Event(), [0]

        def flood():
            while not stop.is_set():
                for one in self.sockets(40, "127.0.0.3", begins):
                    tried[0] += 1
                    one.close()
        attacker = threading.Thread(target=flood)
        attacker.start()
        ends = time.monotonic() + 3
        try:
            self.good_while(lambda: time.monotonic() < ends)
        finally:
            stop.set()
            attacker.join()
        after = self.metrics()
        grown = {name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)}
        self.assertGreater(tried[0], 500)
        refused = grown.get('hubward_door_cuts_total{door="egress",reason="address_handshake_rate"}', 0)
        waited = grown.get('hubward_door_handshakes_delayed_total{door="egress"}', 0)
        full = grown.get('hubward_door_cuts_total{door="egress",reason="address_full"}', 0)
        self.assertGreater(refused + waited, 0, grown)
        self.assertGreater(refused + waited + full, tried[0] / 2, grown)
        # Those whose turn came: two seconds' worth at once, and twenty a second.
        begun = grown.get('hubward_door_cuts_total{door="egress",reason="handshake_failed"}', 0)
        self.assertGreater(begun, 0)
        self.assertLessEqual(begun, 200, grown)

    def test_an_operator_sees_it_in_the_log_but_not_for_each(self):
        for one in self.sockets(100, "127.0.0.4"):
            one.close()
        self.eventually("it is logged", lambda: "door.bounds" in (self.demo.folder / "gateway.log").read_text())
        lines = [line for line in (self.demo.folder / "gateway.log").read_text().splitlines() if "door.bounds" in line]
        self.assertLess(len(lines), 5)
        self.assertEqual(json.loads(lines[0])["door"], "egress")

    # --- A HubSpot that lies ---

    def ask_liar(self, lie, method="GET", body=None):
        """What came back: status and category; "cut" when the answer broke off after its head; and how long it took."""
        began = time.monotonic()
        connection = http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=self.trust, timeout=20)
        fields = {"Authorization": f"Bearer {self.liar_key}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/crm/v3/objects/contacts?limit=1&after={lie}", body=body, headers=fields)
            answer = connection.getresponse()
            try:
                text = answer.read().decode(errors="replace")
            except http.client.IncompleteRead:
                return answer.status, "cut", time.monotonic() - began
            category = json.loads(text).get("category", "") if answer.status >= 400 and text.startswith("{") else ""
            return answer.status, category, time.monotonic() - began
        finally:
            connection.close()

    def test_a_hubspot_that_lies_is_told_apart_in_time_and_the_next_call_works(self):
        broken, late = (502, "HUBWARD_UPSTREAM_ANSWER"), (504, "HUBWARD_UPSTREAM_TIMEOUT")
        expected = {
            "stall": [late], "half_head": [late], "trickling_head": [broken, late], "endless_head": [broken],
            "interim": [broken], "short": [broken, (200, "cut")], "cut_chunk": [broken, (200, "cut")],
            "stalled_body": [late, (200, "cut")], "trickling_body": [late, (200, "cut")],
            "endless_chunks": [broken, (200, "cut")], "bomb": [broken], "reset": [broken], "long": [(200, "")],
        }
        before = self.memory()
        for lie, allowed in expected.items():
            with self.subTest(lie):
                status, category, took = self.ask_liar(lie)
                self.assertIn((status, category), allowed)
                self.assertLess(took, 8)
                self.assertEqual(self.ask_liar("")[0], 200, "the next call failed")
        self.assertLess(self.memory(), before + 30, "answers are kept, or a bomb was unpacked")
        records = [json.loads(line) for line in self.demo.run("journal", "find", "--client", "liar", "--json").stdout.splitlines()]
        self.assertGreaterEqual(len(records), 2 * len(expected))

    def test_an_answer_that_comes_before_the_request_is_whole_is_passed_on(self):
        raw = socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=20)
        with self.trust.wrap_socket(raw, server_hostname="localhost") as peer:
            head = (f"POST /crm/v3/objects/contacts?after=early HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.liar_key}\r\n"
                    "Content-Type: application/json\r\nContent-Length: 12000000\r\n\r\n")
            began, answer = time.monotonic(), b""
            peer.sendall(head.encode())
            peer.setblocking(False)
            sent = 0
            while not answer and time.monotonic() - began < 20:
                readable, writable, _ = select.select([peer], [peer] if sent < 12_000_000 else [], [], 1)
                try:
                    if readable:
                        answer = peer.recv(65536)
                    elif writable:
                        sent += peer.send(b"y" * 65536)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:100])
        self.assertLess(sent, 12_000_000, "all was taken although nobody wanted it")
        self.assertLess(time.monotonic() - began, 8)

    def test_nothing_is_linked_that_could_unpack_a_bomb(self):
        linked = subprocess.run(["ldd", str(self.demo.binaries / "hubward")], capture_output=True, text=True, check=True).stdout
        for library in ("libz.", "libbrotli", "libzstd", "libbz2", "liblzma"):
            self.assertNotIn(library, linked)


if __name__ == "__main__":
    story.main()
