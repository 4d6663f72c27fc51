# SPDX-License-Identifier: Apache-2.0
"""Between the gateway and HubSpot stands a bad network (chaos_gate.py). A good client's calls either succeed or fail honestly:
an explained 502, 503 or 504, or an answer that visibly breaks off. None hangs, none is made twice, each is recorded; and when
the network is well again, so is everything."""
import collections
import http.client
import json
import ssl
import threading
import time

import chaos_gate
import story

CONFIGURATION = """
[limits.upstream]
connect_ms = 1500
answer_ms = 3000
body_idle_ms = 1500

[apps.far]
kind = "private"
simulator = true
simulator_api = "https://localhost:{port}"
simulator_ca = "{ca}"
"""
WEIGHTS = {"clean": 6, "delay": 1, "slice": 2, "cut_up": 2, "cut_down": 2, "corrupt_up": 1, "corrupt_down": 1, "silence": 1,
           "refuse": 1}
CALLERS, CALLS_EACH = (8, 150) if story.LONG else (6, 40)
HONEST = {502, 503, 504}
PATIENCE = 12  # of a caller; longer than all waits of the gateway for one call


class Chaos(story.Story):
    log_level = "info"

    @classmethod
    def arrange(cls):
        cls.gate = chaos_gate.ChaosGate(cls.demo.ports.sandbox, WEIGHTS)
        cls.gate.calm = True
        cls.extra_configuration = CONFIGURATION.format(port=cls.gate.port, ca=cls.demo.ca_file)
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            token = next(app["token"] for app in cls.demo.world["apps"] if app["name"] == "private")
            cls.demo.hubward("connection", "add", "far", "--app", "far", secret_input=token + "\n")
            cls.key = cls.demo.create_client("far-caller", connection="far")
            cls.trust = ssl.create_default_context(cafile=cls.demo.ca_file)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.gate.stop()
        super().tearDownClass()

    def call(self, connection, number):
        """What became of one call, and the id that its record must have."""
        fields = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if number % 2:
            body = json.dumps({"properties": {"email": f"{number}@chaos.example.com", "firstname": "x" * (number % 7 * 1000)}})
            connection.request("POST", "/crm/v3/objects/contacts", body, fields)
        else:
            connection.request("GET", "/crm/v3/objects/contacts?limit=100", headers=fields)
        answer = connection.getresponse()
        identity = answer.headers.get("X-Hubward-Correlation-Id")
        try:
            text = answer.read().decode()
        except (http.client.IncompleteRead, ConnectionError, ssl.SSLError):
            connection.close()
            return "cut", identity
        said = json.loads(text)  # whatever claims to be whole is
        if answer.status in HONEST:
            self.assertTrue(said["category"].startswith("HUBWARD_"), said)
            self.assertGreater(len(said["message"]), 20)
        return answer.status, identity or said["correlationId"]

    def caller(self, first, seen):
        connection = http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=self.trust, timeout=PATIENCE)
        for number in range(first, first + CALLS_EACH):
            began = time.monotonic()
            try:
                outcome = self.call(connection, number)
            except Exception as trouble:  # a caller's thread must not die silently: the story fails with it below
                connection.close()
                outcome = (f"{type(trouble).__name__}: {trouble}", None)
            seen.append((*outcome, time.monotonic() - began))
        connection.close()

    def test_calls_succeed_or_fail_honestly_and_are_recorded(self):
        seen = []
        self.gate.calm = False
        callers = [threading.Thread(target=self.caller, args=(1000 * i, seen)) for i in range(1, CALLERS + 1)]
        for one in callers:
            one.start()
        for one in callers:
            one.join()
        self.gate.calm = True

        outcomes = collections.Counter(str(outcome) for outcome, _, _ in seen)
        print(f"\n{dict(outcomes)}; slowest {max(took for _, _, took in seen):.1f} s; gate: {self.gate.happened}", flush=True)
        self.assertEqual(len(seen), CALLERS * CALLS_EACH)
        self.assertLessEqual(set(outcomes), {"200", "201", "cut", *map(str, HONEST)})
        self.assertGreater(outcomes["200"] + outcomes["201"], len(seen) / 5, "hardly anything works")
        self.assertGreater(sum(outcomes[str(status)] for status in HONEST), 0, "the network was not bad at all")
        self.assertLess(max(took for _, _, took in seen), PATIENCE)

        def recorded():
            found = self.demo.run("journal", "find", "--client", "far-caller", "--json").stdout.splitlines()
            return len(found) >= len(seen) and found
        records = [json.loads(line) for line in self.eventually("each call is recorded", recorded)]
        self.assertEqual(len(records), len(seen))
        known = {record["correlation_id"] for record in records}
        self.assertEqual({identity for _, identity, _ in seen if identity} - known, set())

        # What was said to be made is there, and nothing was made twice.
        web = self.demo.web()
        token = next(app["token"] for app in self.demo.world["apps"] if app["name"] == "private")
        emails, after = [], ""
        while after is not None:
            page = web.get(f"{self.demo.sandbox_api}/crm/v3/objects/contacts?limit=100&properties=email{after}",
                           {"Authorization": f"Bearer {token}"}).json()
            emails += [contact["properties"]["email"] for contact in page["results"]]
            more = page.get("paging", {}).get("next")
            after = f"&after={more['after']}" if more else None
        self.assertEqual(len(emails), len(set(emails)))
        self.assertGreaterEqual(len(emails), outcomes["201"])
        self.assertLessEqual(len(emails), CALLERS * CALLS_EACH / 2)

        # The network is well again, and so is everything: kept connections that died are found out.
        calm = []
        self.caller(90_000, calm)
        broken = [outcome for outcome, _, _ in calm if outcome not in (200, 201)]
        self.assertLessEqual(len(broken), 3, broken)
        self.assertEqual([outcome for outcome, _, _ in calm[-10:]], [200, 201] * 5)


if __name__ == "__main__":
    story.main()
