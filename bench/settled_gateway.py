# SPDX-License-Identifier: Apache-2.0
"""Hubward with very many connections: a thousand static tokens, or ten thousand accounts brought in through the OAuth flow."""
import concurrent.futures
import http.client
import json
import ssl
import threading
import urllib.parse

from demo import Trouble, write_private
from gateway import HubwardWhole
from programs import TOKEN

OAUTH_CLIENT = "11111111-0000-4000-8000-000000000001"
WORKERS = 4


class Kept:
    """Kept connections to the gateway's doors, one a thread and door."""

    def __init__(self, ca_file):
        self.tls, self.local = ssl.create_default_context(cafile=ca_file), threading.local()

    def ask(self, port, method, target, headers=None, body=None):
        doors = self.local.__dict__.setdefault("doors", {})
        if port not in doors:
            doors[port] = http.client.HTTPSConnection("localhost", port, context=self.tls, timeout=60)
        doors[port].request(method, target, body=body, headers=headers or {})
        answer = doors[port].getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")


class SettledHubward(HubwardWhole):
    """Comes up with one connection; settle() brings in the others through the operators' API."""

    def __init__(self, bench, count, folder):
        super().__init__(bench)
        self.count = count
        self.folder = bench.run / folder
        self.config = self.folder / "hubward.toml"
        self.web = Kept(str(bench.tls / "ca.pem"))

    def connect(self):
        """The one connection and client of its parent, without the forty-nine others."""
        super(HubwardWhole, self).connect()

    def operator(self):
        return {"Authorization": "Bearer " + (self.folder / "admin.token").read_text().strip()}

    def api(self, method, path, body=None):
        status, _, text = self.web.ask(self.admin, method, "/api/v1" + path, self.operator(), body)
        if status >= 300:
            raise Trouble(f"{method} {path} was answered {status}: {text[:300]}")
        return json.loads(text) if text else None

    def bring_in(self, number):
        self.api("PUT", f"/connections/p{number}/token?app=bench", TOKEN)

    def settle(self):
        """Answers how many came in, and why the first of the others did not."""
        trouble = []

        def one(number):
            try:
                self.bring_in(number)
                return 1
            except (Trouble, OSError, http.client.HTTPException) as reason:
                trouble.append(str(reason))
                return 0
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            came = sum(pool.map(one, range(self.count)))
        return came, trouble[0] if trouble else None


class PortalsHubward(SettledHubward):
    """Every connection an OAuth grant with a token of thirty minutes. The upstream answers for HubSpot's OAuth endpoints;
    the consent that a person would give is given here."""

    def app(self):
        write_private(self.folder / "app.secret", "bench-app-secret\n")
        return super().app() + f'''
[apps.portals]
kind = "oauth"
client_id = "{OAUTH_CLIENT}"
client_secret = "file:{self.folder / "app.secret"}"
scopes = ["oauth", "crm.objects.contacts.read"]
simulator = true
simulator_api = "https://localhost:{self.bench.upstream.port}"
simulator_authorize = "https://localhost:{self.bench.upstream.port}"
simulator_ca = "{self.bench.tls / "ca.pem"}"
'''

    def bring_in(self, number):
        invite = self.api("POST", "/invites", json.dumps({"connection": f"p{number}", "app": "portals"}))
        link = urllib.parse.urlsplit(invite["url"])
        status, headers, text = self.web.ask(self.public, "GET", f"{link.path}?{link.query}")
        if status != 302:
            raise Trouble(f"the invite was answered {status}: {text[:300]}")
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)
        answer = urllib.parse.urlencode({"code": f"code-{number}", "state": asked["state"][0]})
        status, _, text = self.web.ask(self.public, "GET", f"/oauth/portals/callback?{answer}",
                                       {"Cookie": headers["Set-Cookie"].split(";")[0]})
        if status != 200:
            raise Trouble(f"the callback was answered {status}: {text[:300]}")

    def clients(self, count, each):
        """Clients that may use `each` connections in a row; their keys."""
        found = []
        for first in range(0, count - each + 1, each):
            names = [f"p{n}" for n in range(first, first + each)]
            body = json.dumps({"name": f"wide-{first}", "role": "bench", "connections": names}, separators=(",", ":"))
            found.append((first, self.api("POST", "/clients", body)["key"]))
        return found


def read_metric(program, name):
    """The sum of one metric over its labels."""
    _, _, text = program.web.ask(program.admin, "GET", "/metrics", program.operator())
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name) and not line.startswith("#"))
