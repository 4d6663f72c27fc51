# SPDX-License-Identifier: Apache-2.0
"""Accounts that come from HubSpot without an invite: the real programs, walked through as a browser would."""
import urllib.parse

import story
from demo import Web


class OpenInstalls(story.Story):
    app_keys = "open_installs = true\n"

    def setUp(self):
        self.web = Web(self.demo.ca_file)
        self.page = f"{self.demo.public}/oauth/{self.demo.APP}/install"

    def consent(self, account):
        """Presses the button, and lets the sandbox consent; where that leads, and the cookie to go there with."""
        begun = self.web.request("POST", self.page, {"Sec-Fetch-Site": "same-origin"})
        self.assertEqual(begun.status, 302, begun.text)
        cookie = begun.headers["Set-Cookie"].split(";")[0]
        consented = self.web.get(f"{begun.headers['Location']}&sandbox_auto_consent={account}")
        self.assertEqual(consented.status, 302, consented.text)
        return consented.headers["Location"], {"Cookie": cookie}

    def connections(self):
        return {c["name"]: c for c in self.demo.hubward("connection", "list")["connections"]}

    def test_1_an_account_that_hubspot_sends_is_asked_connected_and_usable(self):
        code = "na1-0000-0000-0000-0000-000000000000"
        asked = self.web.get(f"{self.demo.public}/oauth/{self.demo.APP}/callback?code={code}")
        self.assertEqual(asked.status, 200)
        self.assertIn("Continue to HubSpot", asked.text)
        self.assertNotIn(code, asked.text)
        account = next(a for a in self.demo.world["accounts"] if a["hub_id"] != self.demo.account)["hub_id"]
        back, cookie = self.consent(account)
        page = self.web.get(back, cookie)
        self.assertEqual(page.status, 200, page.text)
        name = f"{self.demo.APP}-{account}"
        self.assertIn(name, page.text)
        self.assertEqual(self.connections()[name]["account"], account)
        # Nobody may use it until an operator says so.
        refused = self.web.get(f"{self.demo.egress}/c/{name}/crm/v3/objects/contacts?limit=1",
                               {"Authorization": f"Bearer {self.demo.client_key}"})
        self.assertEqual(refused.status, 403)
        key = self.demo.create_client("vendor", connection=name)
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1", key=key).status, 200)
        acts = self.demo.run("journal", "find", "--kind", "grant").stdout
        self.assertIn("invited=no", acts)

    def test_2_the_account_that_is_connected_already_stays_as_it_is(self):
        before = self.connections()
        back, cookie = self.consent(self.demo.account)
        page = self.web.get(back, cookie)
        self.assertEqual(page.status, 400)
        self.assertIn("is connected already", page.text)
        self.assertEqual(sorted(self.connections()), sorted(before))
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)

    def test_3_what_comes_back_to_another_browser_connects_nothing(self):
        back, _ = self.consent(self.demo.account)
        self.assertEqual(self.web.get(back).status, 403)
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["state"][0]
        self.assertNotIn(state, (self.demo.folder / "gateway.log").read_text())


if __name__ == "__main__":
    story.main()
