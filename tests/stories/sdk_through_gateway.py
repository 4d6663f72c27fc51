# SPDX-License-Identifier: Apache-2.0
"""HubSpot's official Node SDK, with nothing changed but base path and access token: the same long session directly against
the offline HubSpot and through the gateway sees the same answers. Then the two refusals with 403, told apart."""
import json

import story

READER = '''
[roles.reader]

[[roles.reader.rules]]
name = "look only"
objects = ["*"]
actions = ["view"]
'''


class SdkThroughGateway(story.Story):
    extra_configuration = READER

    @classmethod
    def arrange(cls):
        # The session is about answers; HubSpot's limits have tests of their own.
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})

    def session(self, base, token):
        return story.node_answer(story.node("sdk_session.mjs", base, token, self.demo))["steps"]

    def test_the_session_sees_the_same_answers_through_the_gateway(self):
        token = next(app["token"] for app in self.demo.world["apps"] if app["name"] == "private")
        direct = self.session(self.demo.sandbox_api, token)
        through = self.session(self.demo.egress, self.demo.client_key)
        self.assertGreaterEqual(len(direct), 35)
        self.assertEqual([step["name"] for step in direct], [step["name"] for step in through])
        for one, other in zip(direct, through):
            with self.subTest(one["name"]):
                self.assertEqual(one, other)
        # The gateway really stood between, with a token of its own: HubSpot never saw the client's key.
        counters = self.demo.ask_sandbox("GET", "/counters")
        self.assertTrue(any(seen["label"].startswith(f"{self.demo.APP}/") for seen in counters["tokens"]))
        self.assertNotIn(self.demo.client_key, json.dumps(self.demo.ask_sandbox("GET", "/calls")))

    def test_a_refusal_by_policy_and_one_by_scope_are_told_apart(self):
        key = self.demo.create_client("reader", role="reader")
        before = self.demo.ask_sandbox("GET", "/counters")["calls"]
        seen = story.node_answer(story.node("denied.mjs", self.demo.egress, key, self.demo))
        self.assertEqual(seen["view"], {"status": 200})
        self.assertEqual(seen["policy"]["status"], 403)
        by_policy = seen["policy"]["body"]
        self.assertEqual((by_policy["status"], by_policy["category"]), ("error", "HUBWARD_DENIED"))
        self.assertIn("create", by_policy["message"])
        self.assertEqual(seen["scope"]["status"], 403)
        by_scope = seen["scope"]["body"]
        self.assertEqual((by_scope["status"], by_scope["category"]), ("error", "MISSING_SCOPES"))
        self.assertEqual(self.demo.ask_sandbox("GET", "/counters")["calls"], before + 2,
                         "the call that policy refuses must not reach HubSpot")
        # Both are in the journal, under the gateway's own id: in its own messages, and beside HubSpot's.
        passed_on = self.demo.call("GET", "/crm/v3/objects/line_items", key=key)
        self.assertEqual(passed_on.status, 403)
        for number, decision in ((by_policy["correlationId"], "deny"), (passed_on.headers["X-Hubward-Correlation-Id"], "allow")):
            found = self.demo.run("journal", "find", "--correlation-id", number, "--json")
            self.assertEqual(found.returncode, 0, found.stderr)
            self.assertEqual(json.loads(found.stdout.splitlines()[0])["decision"], decision)


if __name__ == "__main__":
    story.main()
