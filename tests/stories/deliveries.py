# SPDX-License-Identifier: Apache-2.0
"""Events on their way to destinations, with the real programs: in order per object, every one of them although the gateway is
killed, receivers fail and the disk is full or read-only, signed so that the official libraries verify them; dead letters,
replays, redirects, client certificates and addresses that must not be called. HUBWARD_SEED repeats a run."""
import base64
import collections
import http.server
import json
import os
import random
import secrets
import ssl
import subprocess
import sys
import threading
import time

import story
from client_certificates import Authority
from demo import Trouble
from webhooks import Sender

SEED = int(os.environ.get("HUBWARD_SEED", secrets.randbelow(1_000_000)))
ROUNDS = 500 if story.LONG else 20
SENDERS = 4
LONGEST_ROUND = 1.6 if story.LONG else 0.6
BURST = 500 if story.LONG else 150  # events of the sandbox between two kills
PATIENCE = 900 if story.LONG else 120  # seconds for the rest to be delivered
MOST_BEHIND = 2000  # events that are acknowledged and not yet delivered
# A disk of its own for the store, where the machine lets us mount one: see the end of this file.
HAS_DISK = os.environ.get("HUBWARD_OWN_MOUNTS") == "1"
DISK_MEGABYTES = 2000 if story.LONG else 200


class Receiver:
    """An HTTPS server of one's own program: remembers what came, and answers as `behave` says (None: not at all)."""

    def __init__(self, tls, behave=lambda delivery: 204, client_authority=None):
        self.arrivals, self.lock, self.behave, self.location = [], threading.Lock(), behave, None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                delivery = {"headers": {name.lower(): value for name, value in self.headers.items()}, "body": body.decode(),
                            "path": self.path, "event": json.loads(body)}
                with receiver.lock:
                    receiver.arrivals.append(delivery)
                status = receiver.behave(delivery)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """Connections that end when the gateway is killed are what the story is about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "gateway.pem", tls / "gateway.key")
        if client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_authority)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.server.server_port}/in"

    def events(self):
        with self.lock:
            return [arrival["event"] for arrival in self.arrivals]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def event(number, thing):
    return {"eventId": number, "subscriptionId": 2001, "portalId": 8801234, "appId": 551122, "occurredAt": int(time.time() * 1000),
            "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": thing, "propertyName": "lifecyclestage",
            "propertyValue": "lead", "changeSource": "CRM_UI", "sourceId": "userId:42"}


class Deliveries(story.Story):
    log_level = "info"

    @classmethod
    def setUpClass(cls):
        print(f"\nHUBWARD_SEED={SEED}", flush=True)
        cls.receivers = {}
        super().setUpClass()

    @classmethod
    def arrange(cls):
        cls.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        story.write_private(cls.demo.folder / "destination.secret", cls.secret + "\n")
        cls.chance = random.Random(SEED)
        cls.receivers = {"good": Receiver(cls.demo.tls), "flaky": Receiver(cls.demo.tls, cls.flaky),
                         "picky": Receiver(cls.demo.tls)}
        authority = Authority(cls.folder / "authority")
        mine, foreign = authority.issue("erp"), Authority(cls.folder / "foreign").issue("erp")
        cls.receivers["known"] = cls.receivers["unknown"] = Receiver(cls.demo.tls, client_authority=authority.file)
        cls.extra_configuration = "".join(cls.destination(name, receiver.url) for name, receiver in cls.receivers.items())
        cls.extra_configuration = cls.extra_configuration.replace(
            "[destinations.picky]\n", '[destinations.picky]\nkinds = ["deal.*"]\n')
        for name, certificate in (("known", mine), ("unknown", foreign)):
            cls.extra_configuration = cls.extra_configuration.replace(
                f"[destinations.{name}]\n", f'[destinations.{name}]\ncertificate = "{certificate}"\nkey = "{certificate}"\n'
                'kinds = ["ticket.*"]\n')
        cls.extra_configuration += cls.destination("inside", "https://169.254.169.254/latest", networks=[])
        if HAS_DISK:
            cls.extra_configuration += "\n[webhooks]\nkeep_free_bytes = 0\n"
            cls.store = cls.demo.folder / "store"
            cls.store.mkdir(mode=0o700)
            cls.mount("-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0700", "tmpfs")

    @classmethod
    def mount(cls, *how):
        subprocess.run(["mount", *how, str(cls.store)], check=True)

    @classmethod
    def destination(cls, name, url, networks=("127.0.0.0/8", "::1")):
        return f'''
[destinations.{name}]
url = "{url}"
secret = "file:{cls.demo.folder / "destination.secret"}"
ca = "{cls.demo.ca_file}"
timeout_ms = 2000
allow_networks = {json.dumps(list(networks))}
'''

    @classmethod
    def flaky(cls, _):
        """Mostly good; sometimes slow, failing, or gone before it answers."""
        draw = cls.chance.random()
        if draw < 0.02:
            time.sleep(0.1)
        return 204 if draw < 0.96 else 500 if draw < 0.98 else None

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for receiver in set(cls.receivers.values()):
            receiver.close()

    def setUp(self):
        self.sender = Sender(self.demo)
        self.addCleanup(self.sender.close)

    def destinations(self):
        return {d["name"]: d for d in self.demo.hubward("webhook", "destinations")["destinations"]}

    def delivered(self, name, number):
        return self.eventually(f"event {number} at {name}",
                               lambda: any(e["eventId"] == number for e in self.receivers[name].events()))

    def test_1_an_event_arrives_where_it_is_wanted_and_the_official_libraries_verify_it(self):
        self.assertEqual(self.sender.send([event(1, 1), {**event(2, 1), "subscriptionType": "deal.creation"}]), 204)
        for name, numbers in (("good", (1, 2)), ("flaky", (1, 2)), ("picky", (2,))):
            for number in numbers:
                self.delivered(name, number)
        self.assertNotIn(1, [e["eventId"] for e in self.receivers["picky"].events()])
        answer = self.node_says("verify_deliveries.mjs", self.receivers["good"].arrivals, HUBWARD_SECRET=self.secret)
        self.assertEqual(answer["verified"], {"standardwebhooks": 2, "svix": 2})
        self.assertEqual(answer["refused"], answer["verified"])

    def test_2_a_redirect_and_an_address_inside_are_not_followed(self):
        self.receivers["picky"].behave, self.receivers["picky"].location = lambda _: 302, self.receivers["good"].url
        before = len(self.receivers["good"].arrivals)
        self.assertEqual(self.sender.send([{**event(10, 2), "subscriptionType": "deal.creation"}]), 204)
        self.eventually("the redirect is a failure", lambda: "redirects are not followed" in self.destinations()["picky"]["cause"])
        self.eventually("the address is refused", lambda: "may be called" in self.destinations()["inside"]["cause"])
        self.assertEqual(len([a for a in self.receivers["good"].arrivals[before:] if a["event"]["eventId"] == 10]), 1)
        self.receivers["picky"].behave, self.receivers["picky"].location = lambda _: 204, None

    def test_3_a_destination_that_is_gone_is_disabled_and_enabled_again(self):
        self.receivers["picky"].behave = lambda _: 410
        self.assertEqual(self.sender.send([{**event(20, 3), "subscriptionType": "deal.creation"}]), 204)
        self.eventually("it is disabled", lambda: self.destinations()["picky"]["state"] == "disabled")
        self.receivers["picky"].behave = lambda _: 204
        self.eventually("it is in the journal", lambda: "webhook.destination_disabled" in
                        self.demo.run("journal", "find", "--kind", "webhook").stdout)
        self.demo.kill_gateway()
        self.demo.start_gateway()
        self.assertEqual(self.destinations()["picky"]["state"], "disabled")
        shown = self.demo.run("webhook", "destinations").stdout
        self.assertIn("hubward webhook enable picky", shown)
        self.demo.hubward("webhook", "enable", "picky")
        self.delivered("picky", 20)

    def test_4_what_is_kept_is_replayed(self):
        count = len(self.receivers["good"].events())
        answer = self.demo.hubward("webhook", "replay", "good", "--kind", "deal.creation")
        self.assertGreaterEqual(answer["replayed"], 3)
        self.eventually("they came again", lambda: len(self.receivers["good"].events()) >= count + answer["replayed"])
        ids = [a["headers"]["webhook-id"] for a in self.receivers["good"].arrivals]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(self.demo.hubward("webhook", "discard", "--destination", "picky"), {"discarded": 0})
        acts = self.demo.run("journal", "find", "--kind", "admin").stdout
        self.assertRegex(acts, "webhook.replay .*subject=good")
        self.assertRegex(acts, "webhook.discard .*subject=picky")

    def round(self, number):
        """How the gateway is killed this time."""
        if HAS_DISK and number % 10 == 3:
            self.kill_on_a_full_disk()
        elif HAS_DISK and number % 10 == 7:
            self.kill_and_start_on_a_read_only_disk()
        else:
            self.demo.kill_gateway()
        self.demo.start_gateway()

    def kill_on_a_full_disk(self):
        filler = self.store / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        time.sleep(0.1)  # under load; the senders are told to try later
        self.demo.kill_gateway()
        filler.unlink()

    def kill_and_start_on_a_read_only_disk(self):
        self.demo.kill_gateway()
        self.mount("-o", "remount,ro")
        with self.assertRaisesRegex(Trouble, "(?i)read-?only"):
            self.demo.start_gateway()
        self.mount("-o", "remount,rw")

    def test_5_every_event_arrives_in_order_whatever_is_killed(self):
        for receiver in self.receivers.values():
            receiver.arrivals.clear()
        acknowledged, lock, stop, failures = {}, threading.Lock(), threading.Event(), []

        def load(part):
            chance, sender, number = random.Random(SEED + part), Sender(self.demo), part * 1_000_000 + 1000
            waiting = []
            while not stop.is_set() or waiting:
                # No faster than receivers in Python can follow.
                arrived = min(len(self.receivers[name].arrivals) for name in ("good", "flaky"))
                if len(acknowledged) - arrived > MOST_BEHIND and not stop.is_set():
                    time.sleep(0.05)
                    continue
                if not waiting:
                    for _ in range(chance.randint(1, 60)):
                        number += 1
                        waiting.append(event(number, part * 1000 + chance.randrange(500)))
                status = sender.send(waiting)
                if status == 204:
                    with lock:
                        acknowledged.update((e["eventId"], e["objectId"]) for e in waiting)
                    waiting = []
                elif status not in (None, 503):
                    failures.append(status)
                    break
                else:
                    for one in waiting:
                        one["attemptNumber"] += 1
                time.sleep(0.02)
            sender.close()

        senders = [threading.Thread(target=load, args=(part,)) for part in range(1, SENDERS + 1)]
        for one in senders:
            one.start()
        chance = random.Random(SEED)
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.02, LONGEST_ROUND))  # the moment is what is tried
            self.round(number)
        stop.set()
        for one in senders:
            one.join()
        self.assertEqual(failures, [])
        for name in ("good", "flaky"):
            self.eventually(f"all {len(acknowledged)} are at {name}",
                            lambda n=name: set(acknowledged) <= {e["eventId"] for e in self.receivers[n].events()},
                            seconds=PATIENCE)
            self.check_order_and_duplicates(name, acknowledged)
        self.assertEqual(self.demo.hubward("webhook", "dead")["dead"], [])

    def node_says(self, script, arrivals, **environment):
        lines = "".join(json.dumps(arrival) + "\n" for arrival in arrivals)
        run = subprocess.run([str(story.NODE), str(story.CLIENTS / script)], input=lines, text=True, capture_output=True,
                             check=False, env={**os.environ, **environment}, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_6_what_the_sandbox_sends_arrives_whatever_is_killed(self):
        """Its own retries included: duplicates and another order on the way, a day of eight seconds."""
        for receiver in self.receivers.values():
            receiver.arrivals.clear()
        self.demo.ask_sandbox("PATCH", f"/apps/{self.demo.APP}", {"webhooks": {
            "target": f"{self.demo.public}/hooks/{self.demo.APP}", "kinds": ["*"], "day_ms": 8000, "duplicate_percent": 5,
            "reorder_percent": 5}})
        chance = random.Random(SEED)
        for _ in range(ROUNDS // 4):
            self.demo.ask_sandbox("POST", "/webhooks", {"account": self.demo.account, "count": BURST, "objects": BURST // 4})
            time.sleep(chance.uniform(0.02, LONGEST_ROUND))  # the moment is what is tried
            self.demo.kill_gateway()
            self.demo.start_gateway()
        self.eventually("the sandbox is done", lambda: self.demo.ask_sandbox("GET", "/webhooks")["waiting"] == 0, seconds=60)
        figures = self.demo.ask_sandbox("GET", "/webhooks?acknowledged=1")
        acknowledged = set(figures["events"])
        self.assertGreater(len(acknowledged), 0)
        self.eventually(f"all {len(acknowledged)} are delivered",
                        lambda: acknowledged <= {e["eventId"] for e in self.receivers["good"].events()}, seconds=PATIENCE)
        again = len(self.receivers["good"].events()) - len({e["eventId"] for e in self.receivers["good"].events()})
        print(f"sandbox: {len(acknowledged)} events in {figures['requests']} requests, {figures['failures']} of which failed, "
              f"{figures['given_up']} given up; {again} attempts more at the receiver", flush=True)

    def test_7_node_verifies_what_the_sandbox_signs(self):
        target = Receiver(self.demo.tls)
        try:
            for signing in ("v1", "v2", "v3", "v1+v3"):
                self.demo.ask_sandbox("PATCH", f"/apps/{self.demo.APP}",
                                      {"webhooks": {"target": target.url, "kinds": ["*"], "signing": signing,
                                                    "duplicate_percent": 0, "reorder_percent": 0}})
                target.arrivals.clear()
                self.demo.ask_sandbox("POST", "/webhooks", {"account": self.demo.account, "count": 250})
                self.eventually("they came", lambda: sum(len(e) for e in target.events()) == 250)
                verdicts = self.node_says("verify_signatures.mjs", target.arrivals, HUBWARD_SECRET=self.demo.app["client_secret"],
                                          HUBWARD_BASE=target.url.removesuffix("/in"))
                version = "v3" if "v3" in signing else signing
                self.assertEqual(verdicts, {f"genuine {version} current": len(target.arrivals)})
        finally:
            self.demo.ask_sandbox("PATCH", f"/apps/{self.demo.APP}", {"webhooks": {"target": ""}})
            target.close()

    def check_order_and_duplicates(self, name, acknowledged):
        with self.receivers[name].lock:
            arrivals = list(self.receivers[name].arrivals)
        seen, newest = collections.Counter(), {}
        for arrival in arrivals:
            number, thing = arrival["event"]["eventId"], arrival["event"]["objectId"]
            if number not in acknowledged:
                continue
            seen[number] += 1
            if seen[number] == 1:
                self.assertGreater(number, newest.get(thing, 0), f"order of object {thing} at {name}")
                newest[thing] = number
        ids = collections.defaultdict(set)
        for arrival in arrivals:
            ids[arrival["event"]["eventId"]].add(arrival["headers"]["webhook-id"])
        self.assertEqual({len(of_one) for of_one in ids.values()}, {1})
        again = sum(seen.values()) - len(seen)
        print(f"{name}: {ROUNDS} kills, {len(seen)} events, each at least once and in order, {again} attempts more "
              f"({100 * again / len(seen):.2f} %)", flush=True)
        if name == "good":
            # Its answers are lost only when the gateway dies: of those under way, ten at most each time.
            self.assertLessEqual(again, 10 * ROUNDS)

    def test_7_a_certificate_is_shown_to_a_destination_that_asks_for_one(self):
        self.assertEqual(self.sender.send([{**event(70, 7), "subscriptionType": "ticket.creation"}]), 204)
        self.delivered("known", 70)
        self.eventually("a foreign one is refused", lambda: self.destinations()["unknown"]["failed"] > 0)
        self.assertEqual([e["eventId"] for e in self.receivers["known"].events()].count(70), 1)
        self.assertRegex(self.destinations()["unknown"]["cause"], "alert")
        wrong = self.demo.folder / "wrong.toml"
        configuration = self.demo.config.read_text()
        key = next(line for line in configuration.splitlines() if line.startswith("key = ") and "authority" in line)
        wrong.write_text(configuration.replace(key, f'key = "{self.demo.tls / "gateway.key"}"', 1))
        check = subprocess.run([str(self.demo.binaries / "hubward"), "check", "--config", str(wrong)], capture_output=True, text=True,
                               check=False)
        self.assertEqual(check.returncode, 1)
        self.assertIn("key values mismatch", check.stdout + check.stderr)


def with_own_mounts():
    """Once more in a namespace where mounts are nobody else's concern; as root of one's own where one is not root."""
    for how in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if subprocess.run([*how, "true"], capture_output=True, check=False).returncode == 0:
            os.execvpe(how[0], [*how, sys.executable, *sys.argv], {**os.environ, "HUBWARD_OWN_MOUNTS": "1"})
    print("no disk can be mounted here, so none gets full or read-only", flush=True)


if __name__ == "__main__":
    if not HAS_DISK:
        with_own_mounts()
    story.main()
