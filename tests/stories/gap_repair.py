# SPDX-License-Identifier: Apache-2.0
"""What webhooks did not bring is found in HubSpot's webhook journal and delivered once, with the real programs: after an outage,
beside webhooks that come late, and however often the gateway is killed while it reads. HUBWARD_SEED repeats a run."""
import base64
import collections
import json
import os
import random
import secrets
import ssl
import time
import urllib.parse
import urllib.request

import story
from deliveries import Receiver

SEED = int(os.environ.get("HUBWARD_SEED", secrets.randbelow(1_000_000)))
ROUNDS = 100 if story.LONG else 8


class GapRepair(story.Story):
    log_level = "debug"
    app_keys = "webhook_journal = true\n"

    @classmethod
    def setUpClass(cls):
        print(f"\nHUBWARD_SEED={SEED}", flush=True)
        cls.receiver = None
        super().setUpClass()

    @classmethod
    def arrange(cls):
        cls.receiver = Receiver(cls.demo.tls)
        story.write_private(cls.demo.folder / "destination.secret",
                            "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        cls.extra_configuration = f'''
[destinations.erp]
url = "{cls.receiver.url}"
secret = "file:{cls.demo.folder / "destination.secret"}"
ca = "{cls.demo.ca_file}"
allow_networks = ["127.0.0.0/8", "::1"]
'''
        cls.subscribe()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls.receiver:
            cls.receiver.close()

    @classmethod
    def hubspot(cls, method, path, body, token=None):
        """A call that somebody makes to HubSpot without the gateway."""
        fields = {"Authorization": f"Bearer {token}"} if token else {}
        data = json.dumps(body).encode() if token else urllib.parse.urlencode(body).encode()
        if token:
            fields["Content-Type"] = "application/json"
        request = urllib.request.Request(cls.demo.sandbox_api + path, data=data, method=method, headers=fields)
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=cls.demo.ca_file)) as answer:
            return json.load(answer)

    @classmethod
    def subscribe(cls):
        token = cls.hubspot("POST", "/oauth/2026-03/token", {
            "grant_type": "client_credentials", "client_id": cls.demo.app["client_id"],
            "client_secret": cls.demo.app["client_secret"],
            "scope": "developer.webhooks_journal.subscriptions.write"})["access_token"]
        cls.hubspot("POST", "/webhooks-journal/subscriptions/2026-03", {
            "subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": cls.demo.account,
            "actions": ["CREATE", "UPDATE", "DELETE"]}, token)

    def push(self, target=None, day_ms=0):
        """Where the sandbox sends webhooks from now on: nowhere, or to the gateway."""
        self.demo.ask_sandbox("PATCH", f"/apps/{self.demo.APP}", {"webhooks": {
            "target": target or "", "kinds": ["contact.*"], "day_ms": day_ms}})

    def emit(self, count):
        self.demo.ask_sandbox("POST", "/webhooks", {"account": self.demo.account, "count": count, "objects": count})
        time.sleep(0.002)  # the next ones happen at another moment, or they could not be told from these

    def happenings(self):
        return collections.Counter((e["objectId"], e["occurredAt"], e["propertyName"]) for e in self.receiver.events())

    def arrived(self, count):
        self.eventually(f"{count} events have arrived", lambda: len(self.happenings()) >= count, seconds=60)
        twice = {what: times for what, times in self.happenings().items() if times > 1}
        return len(self.happenings()), twice

    def journal(self):
        [app] = [a for a in self.demo.hubward("webhook", "status")["apps"] if a["app"] == self.demo.APP]
        return app["journal"]

    def test_1_what_happened_while_the_gateway_was_down_is_delivered_once(self):
        self.eventually("the journal was read", lambda: self.journal()["read_at"])
        self.push(f"{self.demo.public}/hooks/{self.demo.APP}")
        self.emit(30)
        self.assertEqual(self.arrived(30), (30, {}))
        self.push()
        self.eventually("every answer is on the disk", lambda: self.demo.hubward("webhook", "status")["waiting"] == 0)
        self.demo.kill_gateway()
        self.emit(40)
        self.demo.start_gateway()
        self.assertEqual(self.arrived(70), (70, {}))
        found = [e for e in self.receiver.events() if e.get("deliveredFrom") == "journal"]
        self.assertEqual(len(found), 40)
        self.assertEqual({e["subscriptionType"] for e in found}, {"contact.propertyChange"})
        self.assertEqual(self.journal()["missing"], 40)
        self.assertIn("40 events that no webhook brought", self.demo.run("webhook", "status").stdout)

    def test_2_webhooks_that_come_late_and_a_journal_read_twice_add_nothing(self):
        before = len(self.happenings())
        self.demo.kill_gateway()
        # Tried while nobody is there, and again when the journal has told already.
        self.push(f"{self.demo.public}/hooks/{self.demo.APP}", day_ms=60_000)
        self.emit(50)
        self.eventually("the sandbox has tried", lambda: self.demo.ask_sandbox("GET", "/webhooks")["failures"] > 0)
        self.demo.start_gateway()
        self.arrived(before + 50)
        self.eventually("every webhook was taken", lambda: self.demo.ask_sandbox("GET", "/webhooks")["waiting"] == 0, seconds=90)
        again = self.demo.hubward("webhook", "repair", "--app", self.demo.APP, "--from", "earliest")
        self.assertGreaterEqual(again["events"], 120)
        self.assertEqual(again["missing"], 0)
        self.assertIn("0 that no webhook had brought",
                      self.demo.run("webhook", "repair", "--app", self.demo.APP).stdout)
        self.assertEqual(self.arrived(before + 50), (before + 50, {}))

    def test_3_however_often_it_is_killed_while_it_reads(self):
        chance = random.Random(SEED)
        before = len(self.happenings())
        self.push()
        for _ in range(ROUNDS):
            self.demo.kill_gateway()
            self.emit(200)
            self.demo.start_gateway()
            time.sleep(chance.random() * 0.15)  # anywhere in the reading, the storing and the delivering
        self.demo.kill_gateway()
        self.demo.start_gateway()
        wanted = before + 200 * ROUNDS
        count, twice = self.arrived(wanted)
        self.assertEqual(count, wanted)
        # Delivered again are those whose answer was lost with the gateway; stored twice is none.
        ids = collections.defaultdict(set)
        with self.receiver.lock:
            for arrival in self.receiver.arrivals:
                ids[arrival["event"]["objectId"], arrival["event"]["occurredAt"]].add(arrival["headers"]["webhook-id"])
        self.assertEqual({what: of for what, of in ids.items() if len(of) > 1}, {})
        print(f"{ROUNDS} kills, {len(twice)} of {200 * ROUNDS} events delivered more than once", flush=True)

    def test_4_trouble_is_told_and_the_next_reading_goes_on(self):
        before = len(self.happenings())
        self.emit(5)
        rule = self.demo.ask_sandbox("POST", "/faults", {"path_prefix": "/webhook-journal-files/", "status": 403, "times": -1})
        refused = self.demo.run("webhook", "repair", "--app", self.demo.APP)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("its signature may have expired", refused.stderr)
        self.assertIn("its signature may have expired", self.journal()["trouble"])
        self.demo.ask_sandbox("DELETE", f"/faults/{rule['id']}")
        self.assertEqual(self.demo.hubward("webhook", "repair", "--app", self.demo.APP)["missing"], 5)
        self.assertEqual(self.arrived(before + 5)[0], before + 5)
        self.assertIsNone(self.journal()["trouble_at"])
        wrong = self.demo.run("webhook", "repair", "--app", "nobody")
        self.assertIn("the configuration has no app named nobody", wrong.stderr)

    def test_5_no_signed_address_and_no_secret_is_told_and_files_are_fetched_without_a_token(self):
        log = (self.demo.folder / "gateway.log").read_text()
        for secret in ("signature=", self.demo.app["client_secret"]):
            self.assertNotIn(secret, log)
        files = [c for c in self.demo.ask_sandbox("GET", "/calls?after=0")["calls"] if "/webhook-journal-files/" in c["target"]]
        self.assertTrue(files)
        for call in files:
            self.assertNotIn("authorization", [name.lower() for name in call["field_names"]])


if __name__ == "__main__":
    story.main()
