# SPDX-License-Identifier: Apache-2.0
"""Webhooks at the real door, signed here and not by our own code: what is genuine is kept, what is not is refused and
explained, and nothing that was answered 204 is lost, whenever the gateway is killed. HUBWARD_SEED repeats a run."""
import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import secrets
import ssl
import subprocess
import threading
import time
import urllib.parse

import story

SEED = int(os.environ.get("HUBWARD_SEED", secrets.randbelow(1_000_000)))
ROUNDS = 200 if story.LONG else 20
SENDERS = 4


class Sender:
    """HubSpot's side: one connection, one request at a time."""

    def __init__(self, demo):
        self.demo, self.context = demo, ssl.create_default_context(cafile=demo.ca_file)
        self.url = f"{demo.public}/hooks/{demo.APP}"
        self.connection = None

    def signed(self, body, at=None, secret=None):
        at = str(at or int(time.time() * 1000))
        key = (secret or self.demo.app["client_secret"]).encode()
        digest = hmac.new(key, b"POST" + self.url.encode() + body + at.encode(), hashlib.sha256).digest()
        return {"Content-Type": "application/json", "X-HubSpot-Request-Timestamp": at,
                "X-HubSpot-Signature-v3": base64.b64encode(digest).decode()}

    def post(self, body, fields):
        """The status, or nothing when the connection broke."""
        try:
            if self.connection is None:
                place = urllib.parse.urlsplit(self.url)
                self.connection = http.client.HTTPSConnection(place.hostname, place.port, context=self.context, timeout=10)
            self.connection.request("POST", f"/hooks/{self.demo.APP}", body, fields)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.close()
            return None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, events):
        body = json.dumps(events).encode()
        return self.post(body, self.signed(body))


def event(number, attempt=0, **more):
    return {"eventId": number, "subscriptionId": 2001, "portalId": 8801234, "appId": 551122,
            "occurredAt": int(time.time() * 1000) if attempt == 0 else 0, "subscriptionType": "contact.propertyChange",
            "attemptNumber": attempt, "objectId": 901 + number % 7, "propertyName": "lifecyclestage", "propertyValue": "lead",
            "changeSource": "CRM_UI", "sourceId": "userId:42", **more}


class Webhooks(story.Story):
    log_level = "info"
    extra_configuration = '\n[webhooks]\nsensitive_properties = ["date_of_birth"]\n'

    @classmethod
    def setUpClass(cls):
        print(f"\nHUBWARD_SEED={SEED}", flush=True)
        super().setUpClass()

    def setUp(self):
        self.sender = Sender(self.demo)
        self.addCleanup(self.sender.close)

    def events(self):
        """Every event that is kept, by its number at HubSpot."""
        found, before = {}, []
        while True:
            page = self.demo.hubward("webhook", "events", "-n", "1000", *before)
            for kept in page["events"]:
                found[kept["id"]] = kept
            if "next" not in page:
                return found
            before = ["--before", page["next"]]

    def requests(self):
        [app] = [a for a in self.demo.hubward("webhook", "status")["apps"] if a["app"] == self.demo.APP]
        return {r["outcome"]: r for r in app["requests"]}

    def test_1_what_is_genuine_is_kept_and_can_be_looked_at(self):
        private = event(1, propertyName="date_of_birth", propertyValue="1970-01-01")
        self.assertEqual(self.sender.send([private, event(2), {"brand": "new", "portalId": 1}]), 204)
        kept = sorted(self.events())
        self.assertEqual(len(kept), 3)
        shown = self.demo.hubward("webhook", "event", str(kept[0]))
        self.assertEqual(shown["payload"]["propertyValue"], "(masked)")
        self.assertEqual({**shown["payload"], "propertyValue": "1970-01-01"}, private)
        self.assertEqual(shown["account"], 8801234)
        for_people = self.demo.run("webhook", "events", "--kind", "contact.propertyChange").stdout
        self.assertIn("lifecyclestage", for_people)
        self.assertNotIn("1970-01-01", for_people)
        refused = self.demo.run("webhook", "event", "999999")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("has no event 999999", refused.stderr)

    def test_2_what_is_not_genuine_is_refused_and_explained(self):
        body = json.dumps([event(10)]).encode()
        self.assertEqual(self.sender.post(body, {}), 401)
        self.assertEqual(self.sender.post(body + b" ", self.sender.signed(body)), 401)
        self.assertEqual(self.sender.post(body, self.sender.signed(body, secret="not the secret")), 401)
        self.assertEqual(self.sender.post(body, self.sender.signed(body, at=int(time.time() * 1000) - 301_000)), 401)
        requests = self.requests()
        for reason, times in (("no_signature", 1), ("mismatch", 2), ("too_old", 1)):
            self.assertEqual(requests[reason]["times"], times, requests)
            self.assertTrue(requests[reason]["explanation"])
        self.assertIn("mismatch", self.demo.run("webhook", "status").stdout)

    def test_3_a_replay_is_told_from_a_retry_also_after_a_restart(self):
        first = event(20)
        body = json.dumps([first]).encode()
        fields = self.sender.signed(body)
        self.assertEqual(self.sender.post(body, fields), 204)
        count = len(self.events())
        self.assertEqual(self.sender.post(body, fields), 409)
        self.demo.kill_gateway()
        self.demo.start_gateway()
        self.sender.close()
        self.assertEqual(self.sender.post(body, fields), 409)
        self.assertEqual(self.sender.send([{**first, "attemptNumber": 1}]), 204)
        self.assertEqual(len(self.events()), count)
        self.assertEqual(self.demo.hubward("webhook", "status")["duplicates"], 1)

    def test_4_nothing_that_was_answered_204_is_lost_by_a_kill(self):
        chance = random.Random(SEED)
        acknowledged, lock, numbers, stop = set(), threading.Lock(), iter(range(1000, 10_000_000)), threading.Event()
        before = len(self.events())

        def load():
            sender, waiting = Sender(self.demo), []
            while not stop.is_set() or waiting:
                if not waiting:
                    with lock:
                        waiting = [event(next(numbers)) for _ in range(random.Random(next(numbers)).randint(1, 20))]
                status = sender.send(waiting)
                if status == 204:
                    with lock:
                        acknowledged.update((e["eventId"], e["occurredAt"]) for e in waiting)
                    waiting = []
                else:
                    # As HubSpot does: the same events, another attempt.
                    self.assertIn(status, (None, 503))
                    for one in waiting:
                        one["attemptNumber"] += 1
                    time.sleep(0.02)
            sender.close()

        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            loads = [pool.submit(load) for _ in range(SENDERS)]
            try:
                for _ in range(ROUNDS):
                    time.sleep(chance.uniform(0.01, 0.2))  # the moment is what is tried
                    self.demo.kill_gateway()
                    self.demo.start_gateway()
            finally:
                stop.set()
            for one in loads:
                one.result()
        kept = self.events()
        self.assertEqual(len(kept) - before, len(acknowledged))
        checked = self.demo.run("store", "check")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        print(f"{ROUNDS} kills, {len(acknowledged)} events acknowledged and kept once, "
              f"{self.demo.hubward('webhook', 'status')['duplicates']} sent again", flush=True)

    def command(self, *words):
        return subprocess.Popen([str(self.demo.binaries / "hubward"), *words, "--config", str(self.demo.config)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finished(self, process):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + err)
        return out

    def test_5_samples_of_every_kind_are_taken_and_can_be_captured_and_forwarded(self):
        got = []

        class Local(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        local = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Local)
        threading.Thread(target=local.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        send = ("webhook", "send", "--app", self.demo.APP, "--ca", self.demo.ca_file)
        forward = self.command("webhook", "forward", "--to", f"http://localhost:{local.server_port}/in", "--count", "48")
        captured = self.folder / "request.txt"
        capture = self.command("webhook", "capture", "--app", self.demo.APP, "--out", str(captured))
        # Both are listening once what is sent reaches them; until then one sample after the other is sent.
        self.eventually("they listen", lambda: self.finished(self.command(*send)) and captured.exists() and got)
        before = len(got)
        self.assertIn("48 of 48 accepted", self.finished(self.command(*send, "--all")))
        self.finished(forward)
        self.finished(capture)
        self.assertEqual(len(got), 48)
        self.assertGreater(len({event["subscriptionType"] for event in got[before:]}), 30)
        verified = self.finished(self.command("webhook", "verify", str(captured), "--app", self.demo.APP))
        self.assertIn("Genuine: signed with v3", verified)
        local.shutdown()
        local.server_close()

    def test_6_a_backup_holds_the_inbox(self):
        backup = self.folder / "backup"
        self.demo.run("store", "backup", str(backup))
        self.assertTrue((backup / "inbox.db").exists())


if __name__ == "__main__":
    story.main()
