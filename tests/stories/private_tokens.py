# SPDX-License-Identifier: Apache-2.0
"""The life of a private-app token, through the real programs: added with its age, shown, rotated while both tokens live,
switched by a call that the old one fails, finished; its owner removed; and a connection shredded, with a certificate that
holds against the bytes of the store."""
import json
import pathlib
import sqlite3

import story

APP = """
[apps.office]
kind = "private"
simulator = true
simulator_api = "{api}"
simulator_ca = "{ca}"
"""
CONTACTS = "/crm/v3/objects/contacts"
ORPHANED = {"status": "error", "message": "one or more associations are not valid", "correlationId": "0", "category": "BAD_REQUEST",
            "errors": [{"message": "no", "context": {"validationResult": ["USER_DOES_NOT_HAVE_PERMISSIONS"]}}]}


class PrivateTokens(story.Story):
    @classmethod
    def arrange(cls):
        cls.extra_configuration = APP.format(api=cls.demo.sandbox_api, ca=cls.demo.ca_file)
        cls.first = next(app for app in cls.demo.world["apps"] if app["name"] == "private")["token"]

    def rotate_at_hubspot(self, overlap):
        return self.demo.ask_sandbox("POST", "/rotate", {"app": "private", "overlap_s": overlap})["token"]

    def shown(self):
        return self.demo.hubward("connection", "show", "office")

    def store(self, word, token, *more):
        return self.demo.hubward("connection", word, "office", *more, secret_input=token + "\n")

    def test_1_a_token_is_added_with_its_age_and_its_owner(self):
        added = self.store("add", self.first, "--app", "office", "--created", "155d")
        token = added["token"]
        self.assertTrue(token["created_stated"])
        self.assertEqual(token["days_left"], 24)
        self.assertEqual(token["user_id"], self.demo.account * 10 + 1)
        self.assertIn("crm.objects.contacts.read", added["scopes"])
        text = self.demo.run("connection", "show", "office").stdout
        self.assertIn("due in 24 days", text)
        self.assertIn("TOKEN DUE", self.demo.run("connection", "list").stdout)
        type(self).key = self.demo.create_client("office-client", connection="office")
        self.assertEqual(self.demo.call("GET", CONTACTS, key=self.key).status, 200)
        troubles = self.demo.hubward("status")["troubles"]
        self.assertTrue(any("due in 24 days" in sentence for sentence in troubles), troubles)
        metrics = self.demo.web().get(self.demo.admin + "/metrics",
                                      {"Authorization": f"Bearer {self.demo.admin_token}"}).text
        self.assertIn('hubward_static_tokens{due_within_days="30"} 1', metrics)

    def test_2_the_old_call_key_of_accounts_is_refused_with_the_way_out(self):
        refused = self.demo.call("GET", CONTACTS + "?hapikey=00000000-0000-0000-0000-000000000000", key=self.key)
        self.assertEqual(refused.status, 400)
        self.assertIn("hubward connection add", refused.json()["message"])

    def test_3_an_owner_who_is_gone_is_told(self):
        self.demo.ask_sandbox("POST", "/faults", {"method": "POST", "path_prefix": CONTACTS, "times": 1, "status": 400,
                                                  "body": json.dumps(ORPHANED)})
        answer = self.demo.call("POST", CONTACTS, {"properties": {}}, key=self.key)
        self.assertEqual((answer.status, answer.json()), (400, ORPHANED))  # as HubSpot said it
        self.eventually("the owner is noted", lambda: self.shown()["token"]["owner_missing_at"])
        self.assertTrue(any("another super admin" in sentence for sentence in self.demo.hubward("status")["troubles"]))

    def test_4_a_rotation_with_overlap_switches_and_is_finished(self):
        second = self.rotate_at_hubspot(7 * 86_400)
        rotated = self.store("rotate", second)
        self.assertEqual(rotated["generation"], 2)
        self.assertIsNone(rotated["token"]["owner_missing_at"])
        self.assertFalse(rotated["token"]["created_stated"])
        self.assertEqual(rotated["token"]["previous"]["uses"], 0)
        self.assertEqual(self.demo.call("GET", CONTACTS, key=self.key).status, 200)
        early = self.demo.hubward("connection", "finish", "office")
        self.assertTrue(any("still honours the old token" in line for line in early["remains"]), early)
        self.assertTrue(any("used by 0 calls" in line for line in early["remains"]), early)
        self.assertIsNone(self.shown()["token"]["previous"])
        self.assertEqual(self.demo.run("connection", "finish", "office").returncode, 1)

    def test_5_a_token_that_waits_takes_over_when_a_call_fails(self):
        # HubSpot cannot be asked when the new token comes, and the old one ends.
        self.demo.ask_sandbox("POST", "/faults", {"id": "deaf", "path_prefix": "/oauth/v2/private-apps", "status": 503})
        third = self.rotate_at_hubspot(0)
        waiting = self.store("rotate", third)
        self.assertEqual(waiting["generation"], 2)
        self.assertIn("503", waiting["token"]["next"]["trouble"])
        self.demo.ask_sandbox("DELETE", "/faults/deaf")
        self.eventually("calls go with the new token",
                        lambda: self.demo.call("GET", CONTACTS, key=self.key).status == 200)
        self.assertEqual(self.shown()["generation"], 3)
        done = self.demo.hubward("connection", "finish", "office")["done"]
        self.assertTrue(any("no longer honours" in line for line in done), done)

    def test_6_a_token_that_hubspot_refuses_is_told_and_replaced(self):
        self.demo.ask_sandbox("POST", "/tokens", {"token": "private/", "state": "revoked"})
        refused = self.demo.call("GET", CONTACTS, key=self.key)
        self.assertEqual(refused.status, 503, refused.text)
        self.assertIn("hubward connection rotate office", refused.json()["message"])
        self.assertEqual(self.shown()["state"], "dead")
        self.store("rotate", self.rotate_at_hubspot(0))
        self.assertEqual(self.demo.call("GET", CONTACTS, key=self.key).status, 200)
        self.assertEqual(self.shown()["state"], "connected")

    def test_7_a_connection_is_shredded_and_the_certificate_holds(self):
        store = pathlib.Path(self.demo.folder) / "store"
        with sqlite3.connect(f"file:{store / 'vault.db'}?mode=ro", uri=True) as database:
            values = [row[0] for row in database.execute(
                "SELECT w.wrapped FROM vault_wraps w JOIN vault_keys k ON k.id = w.key WHERE k.connection = 'office' "
                "UNION ALL SELECT access_token FROM grants WHERE connection = 'office' "
                "UNION ALL SELECT previous_token FROM static_tokens WHERE connection = 'office'")]
        self.assertEqual(len(values), 3)

        def lies_there(value):
            return any(value[:32] in path.read_bytes() or value[-32:] in path.read_bytes()
                       for path in store.iterdir() if path.is_file())

        self.assertTrue(all(lies_there(value) for value in values))
        wrong = self.demo.run("connection", "shred", "office", "--confirm", "ofice")
        self.assertEqual(wrong.returncode, 2)
        paper = pathlib.Path(self.demo.folder) / "office-shredded"
        run = self.demo.run("connection", "shred", "office", "--confirm", "office", "--certificate", str(paper), "--json")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        certificate = json.loads(paper.with_suffix(".json").read_text())
        self.assertEqual(certificate, json.loads(run.stdout))
        self.assertTrue(certificate["proved"])
        self.assertTrue(all(check["holds"] for check in certificate["checks"]))
        self.assertEqual(len(certificate["data_keys"]), 1)
        self.assertEqual(len(certificate["journal"]["hash"]), 64)
        self.assertIn("nothing that it sealed can be opened", paper.with_suffix(".txt").read_text())
        self.assertFalse(any(lies_there(value) for value in values))
        # The running gateway has forgotten it at once; its neighbour lives.
        gone = self.demo.call("GET", CONTACTS, key=self.key)
        self.assertIn("HUBWARD_", gone.json()["category"])
        self.assertNotEqual(gone.status, 200)
        self.assertEqual(self.demo.call("GET", CONTACTS).status, 200)
        recorded = self.demo.run("journal", "find", "--operation", "grant.shredded", "--json").stdout
        self.assertIn(certificate["data_keys"][0], recorded)


if __name__ == "__main__":
    story.main()
