# SPDX-License-Identifier: Apache-2.0
"""HubSpot's limits, through the real programs: many callers at once and no 429 of the sandbox's, waiting that ends in time,
refusals that say why in the words that HubSpot's SDKs understand, somebody else who spends from the same budget, a day that
runs out, and a caller that hangs up."""
import concurrent.futures
import json
import re
import socket
import ssl
import time

import story

APPS = """
[apps.office]
kind = "private"
simulator = true
simulator_api = "{api}"
simulator_ca = "{ca}"

[roles.nightly]
priority = "bulk"
[[roles.nightly.rules]]
name = "everything"
objects = ["*"]
actions = ["view", "create", "edit", "delete"]
"""
CONTACTS = "/crm/v3/objects/contacts"
SEARCH = CONTACTS + "/search"


class Limits(story.Story):
    @classmethod
    def arrange(cls):
        cls.extra_configuration = APPS.format(api=cls.demo.sandbox_api, ca=cls.demo.ca_file)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        token = next(app for app in cls.demo.world["apps"] if app["name"] == "private")["token"]
        cls.demo.hubward("connection", "add", "office", "--app", "office", secret_input=token + "\n")
        cls.office = cls.demo.create_client("office-client", connection="office")
        cls.nightly = cls.demo.create_client("nightly-client", role="nightly", connection="office")

    def setUp(self):
        self.demo.ask_sandbox("DELETE", "/counters")
        self.demo.ask_sandbox("DELETE", "/faults")

    def refused_by_sandbox(self):
        return self.demo.ask_sandbox("GET", "/counters")["by_status"].get("429", 0)

    def ask(self, method, path, body=None, key=None, **wishes):
        headers = {"Authorization": f"Bearer {key or self.office}"}
        headers |= {f"X-Hubward-{name.replace('_', '-')}": str(value) for name, value in wishes.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.demo.web().request(method, self.demo.egress + path, headers, None if body is None else json.dumps(body))

    def all_at_once(self, calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(lambda call: call(), calls))

    def shown(self, app):
        return next(one for one in self.demo.hubward("limits")["limits"] if one["app"] == app)

    def test_1_searches_of_many_wait_for_their_second(self):
        began = time.monotonic()
        answers = self.all_at_once([lambda: self.ask("POST", SEARCH, {"limit": 1}) for _ in range(16)])
        took = time.monotonic() - began
        self.assertEqual([answer.status for answer in answers], [200] * 16)
        self.assertEqual(self.refused_by_sandbox(), 0)
        self.assertGreater(took, 2)
        waited = [int(answer.headers.get("X-Hubward-Waited-Ms", 0)) for answer in answers]
        self.assertGreaterEqual(sum(wait > 0 for wait in waited), 11)
        self.assertLess(max(waited), took * 1000)

    def test_2_who_may_not_wait_is_told_why_in_words_of_the_sdk(self):
        answers = self.all_at_once([lambda: self.ask("POST", SEARCH, {"limit": 1}, Wait_Ms=0) for _ in range(16)])
        refused = [answer for answer in answers if answer.status == 429]
        self.assertGreaterEqual(len(refused), 6)
        self.assertEqual(self.refused_by_sandbox(), 0)
        for answer in refused:
            said = answer.json()
            self.assertEqual(said["message"], "You have reached your secondly limit.")
            self.assertEqual((said["policyName"], said["errorType"]), ("SECONDLY", "RATE_LIMIT"))
            self.assertEqual(said["category"], "HUBWARD_NO_SEARCH_ROOM")
            self.assertIn("searches of the account are limited to 5 in 1.0 s", said["context"]["reason"][0])
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_3_the_limit_is_learned_and_shown(self):
        self.assertEqual(self.ask("GET", CONTACTS).status, 200)
        office = self.shown("office")
        self.assertEqual((office["window"]["limit"], office["window"]["told"]), (190, True))
        self.assertLessEqual(office["window"]["others"], 1)  # the token was asked about when it was added
        self.assertEqual(office["day"]["limit"], 625_000)
        text = self.demo.run("limits").stdout
        self.assertIn("IN TEN SECONDS", text)
        self.assertIn(" of 190", text)

    def test_4_a_refusal_of_hubspots_is_waited_out(self):
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": CONTACTS, "times": 1, "status": 429, "body": json.dumps(
            {"status": "error", "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT",
             "policyName": "TEN_SECONDLY_ROLLING"})})
        created = self.ask("POST", CONTACTS, {"properties": {"email": "waited@example.test"}})
        self.assertEqual(created.status, 201)
        self.assertEqual(created.headers["X-Hubward-Attempts"], "2")
        self.assertGreater(int(created.headers["X-Hubward-Waited-Ms"]), 0)
        # Who may not wait gets HubSpot's own words.
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": CONTACTS, "times": 1, "status": 429,
                                                  "body": json.dumps({"status": "error", "policyName": "TEN_SECONDLY_ROLLING"})})
        plain = self.ask("GET", CONTACTS, Wait_Ms=0)
        self.assertEqual((plain.status, plain.json()), (429, {"status": "error", "policyName": "TEN_SECONDLY_ROLLING"}))

    def test_5_others_on_the_same_token_are_noticed(self):
        self.eventually("there is room again", lambda: self.ask("GET", CONTACTS).status == 200)
        self.demo.ask_sandbox("POST", "/others", {"app": "private", "account": self.demo.account, "in_ten_seconds": 400})
        try:
            self.eventually("others are seen", lambda: self.ask("GET", CONTACTS) and self.shown("office")["window"]["others"] > 20)
        finally:
            self.demo.ask_sandbox("POST", "/others", {"app": "private", "account": self.demo.account, "in_ten_seconds": 0})

    def test_6_wishes_that_cannot_be_are_refused_by_name(self):
        for wish, value, words in (("Wait_Ms", "soon", "0 to 60000"), ("Wait_Ms", "60001", "0 to 60000"),
                                   ("Priority", "urgent", "interactive, normal or bulk"),
                                   ("Priority", "interactive", "have normal at most")):
            with self.subTest(wish=wish, value=value):
                answer = self.ask("GET", CONTACTS, **{wish: value})
                self.assertEqual((answer.status, answer.json()["category"]), (400, "HUBWARD_WISH_REFUSED"))
                self.assertIn(words, answer.json()["message"])
        self.assertIn(self.ask("GET", CONTACTS, Priority="bulk").status, (200, 429))

    def test_7_the_last_of_the_day_is_kept_from_bulk(self):
        def left(calls):
            self.demo.ask_sandbox("DELETE", "/faults")
            self.demo.ask_sandbox("POST", "/faults", {"path_prefix": CONTACTS, "status": 200, "body": "{}", "headers": {
                "X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": str(calls)}})

        left(90)
        self.eventually("there is room", lambda: self.ask("GET", CONTACTS).status == 200)
        refused = self.ask("GET", CONTACTS, key=self.nightly)
        said = refused.json()
        self.assertEqual((refused.status, said["policyName"], said["category"]), (429, "DAILY", "HUBWARD_DAY_USED_UP"))
        self.assertIn("kept from bulk calls", said["message"])
        self.assertLessEqual(int(refused.headers["Retry-After"]), 900)
        self.assertEqual(self.ask("GET", CONTACTS).status, 200)
        left(0)
        self.assertEqual(self.ask("GET", CONTACTS).status, 200)
        self.assertEqual(self.ask("GET", CONTACTS).json()["policyName"], "DAILY")

    def test_8_a_caller_that_hangs_up_spends_nothing(self):
        self.all_at_once([lambda: self.demo.call("POST", SEARCH, {"limit": 1}) for _ in range(5)])
        context = ssl.create_default_context(cafile=str(self.demo.ca_file))
        host, port = self.demo.egress.removeprefix("https://").split(":")
        before = self.demo.ask_sandbox("GET", "/counters")["calls"]
        with socket.create_connection((host, int(port))) as plain:
            with context.wrap_socket(plain, server_hostname=host) as held:
                held.sendall((f"POST {SEARCH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.demo.client_key}\r\n"
                              "X-Hubward-Wait-Ms: 5000\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}").encode())
                self.eventually("it waits", lambda: self.shown("demo")["searches"]["waiting"] == 1, 5)
        self.eventually("it is gone", lambda: self.shown("demo")["searches"]["waiting"] == 0, 5)
        self.assertEqual(self.demo.ask_sandbox("GET", "/counters")["calls"], before)

    def test_9_failures_are_sent_again_where_twice_is_once(self):
        def fault(method, **what):
            self.demo.ask_sandbox("DELETE", "/faults")
            self.demo.ask_sandbox("POST", "/faults", {"method": method, "path_prefix": CONTACTS, "times": 1} | what)

        def call(method, path, body=None):
            return self.demo.call(method, path, body)

        def sent_again():
            text = self.demo.web().get(self.demo.admin + "/metrics", {"Authorization": f"Bearer {self.demo.admin_token}"}).text
            return int(re.search(r"^hubward_calls_sent_again_total (\d+)", text, re.M)[1])

        before = sent_again()

        created = call("POST", CONTACTS, {"properties": {"email": "again@example.test"}})
        record = f"{CONTACTS}/{created.json()['id']}"
        change = {"properties": {"firstname": "Ada"}}
        for method, path, body, what, status, attempts in (
                ("GET", record, None, {"status": 503, "times": 2}, 200, "3"),
                ("PATCH", record, change, {"cut": "after_effect"}, 200, "2"),
                ("PATCH", record, change, {"status": 502}, 200, "2"),
                ("POST", CONTACTS, {"properties": {"email": "locked@example.test"}}, {"status": 423}, 201, "2"),
                ("POST", CONTACTS, {"properties": {"email": "once@example.test"}}, {"status": 503}, 503, None),
                ("POST", CONTACTS, {"properties": {"email": "twice@example.test"}}, {"cut": "after_effect"}, 502, None),
                ("GET", record, None, {"status": 477, "headers": {"Retry-After": "3600"}}, 477, None),
                ("GET", record, None, {"status": 400}, 400, None),
                ("DELETE", record, None, {"status": 500}, 204, "2")):
            with self.subTest(method=method, what=what):
                fault(method, **what)
                answer = call(method, path, body)
                self.assertEqual((answer.status, answer.headers.get("X-Hubward-Attempts")), (status, attempts))
        self.assertEqual(sent_again() - before, 6)


if __name__ == "__main__":
    story.main()
