# SPDX-License-Identifier: Apache-2.0
"""The three doors and the program's start and stop: who is let in, what is served where, and what is said when something
is wrong."""
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import threading

import story

# What monitoring may rely on (docs/configuration.md says how to reach it).
METRICS = ["hubward_calls_total", "hubward_call_seconds", "hubward_refusals_total", "hubward_upstream_answers_total",
           "hubward_upstream_seconds"]

class AdminDoor(story.Story):
    def setUp(self):
        self.web, self.admin = self.demo.web(), self.demo.admin
        self.token = {"Authorization": f"Bearer {self.demo.admin_token}"}

    def test_without_the_operators_token_there_is_only_a_sign_of_life(self):
        self.assertEqual(self.web.get(self.admin + "/healthz").status, 200)
        for path in ("/readyz", "/metrics", "/api/v1/status", "/api/v1/clients", "/nothing"):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {self.demo.admin_token}"},
                            {"Authorization": f"Bearer {self.demo.client_key}"}):
                with self.subTest(path=path, headers=list(headers)):
                    answer = self.web.get(self.admin + path, headers)
                    self.assertEqual(answer.status, 401)
                    self.assertEqual(answer.json()["category"], "HUBWARD_UNAUTHENTICATED")

    def test_another_name_or_a_page_of_another_origin_is_refused(self):
        for headers in ({"Host": "evil.example"}, {"Host": "localhost.evil.example"}, {"Origin": "https://evil.example"},
                        {"Origin": "http://localhost"}, {"Origin": "null"}):
            with self.subTest(headers):
                answer = self.web.get(self.admin + "/api/v1/status", {**self.token, **headers})
                self.assertEqual(answer.status, 403)
        own = {"Origin": self.admin}
        self.assertEqual(self.web.get(self.admin + "/api/v1/status", {**self.token, **own}).status, 200)

    def test_it_says_whether_it_is_ready_and_which_apps_are_simulated(self):
        answer = self.web.get(self.admin + "/readyz", self.token)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["ready"], True)
        self.assertEqual(answer.json()["simulator_apps"], [self.demo.APP])

    def test_metrics_have_their_names_and_count(self):
        def calls():
            text = self.web.get(self.admin + "/metrics", self.token).text
            return {name: float(value) for name, value in re.findall(r'^(hubward_calls_total\{status="\w+"\}) (\S+)$', text, re.M)}
        before = calls()
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)
        self.assertEqual(self.demo.call("GET", "/internal/secret").status, 403)
        good, bad = 'hubward_calls_total{status="2xx"}', 'hubward_calls_total{status="4xx"}'
        self.eventually("both calls are counted", lambda: (now := calls())[good] == before[good] + 1 and now[bad] == before[bad] + 1)
        text = self.web.get(self.admin + "/metrics", self.token).text
        for name in METRICS:
            self.assertIn(f"\n{name}", "\n" + text)
        for family in ("hubward_grant", "hubward_journal"):
            self.assertRegex(text, rf"(?m)^{family}\w* ?", f"no metric begins with {family}")

    def test_the_socket_belongs_to_the_owner_alone(self):
        mode = os.stat(self.demo.folder / "store/admin.sock").st_mode
        self.assertEqual(oct(mode & 0o777), "0o600")
        self.assertEqual(oct(os.stat(self.demo.folder / "store").st_mode & 0o777), "0o700")

class PublicAndEgressDoor(story.Story):
    def test_the_public_door_serves_installs_and_nothing_else(self):
        web = self.demo.web()
        token = {"Authorization": f"Bearer {self.demo.admin_token}"}
        for path in ("/", "/healthz", "/readyz", "/metrics", "/api/v1/status", "/crm/v3/objects/contacts", "/oauth/demo",
                     "/oauth/nobody/install?invite=x", "/oauth/v1/token", "/oauth/demo/install", "/.well-known/x"):
            for headers in ({}, token, {"Authorization": f"Bearer {self.demo.client_key}"}):
                with self.subTest(path=path, headers=list(headers)):
                    answer = web.get(self.demo.public + path, headers)
                    self.assertTrue(400 <= answer.status < 500, f"{answer.status}: {answer.text[:200]}")
        for path in ("/oauth/demo/callback", "/oauth/demo/callback?code=a&state=b"):
            self.assertEqual(web.get(self.demo.public + path).status, 400)

    def test_the_egress_door_is_no_admin_door(self):
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/status"):
            answer = self.demo.web().get(self.demo.egress + path, {"Authorization": f"Bearer {self.demo.admin_token}"})
            self.assertEqual(answer.status, 401, path)

    def test_a_revoked_client_is_refused_on_its_next_request(self):
        key = self.demo.create_client("soon-gone")
        kept = http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=self.demo.web().tls, timeout=30)
        ask = lambda: kept.request("GET", "/crm/v3/objects/contacts?limit=1", headers={"Authorization": f"Bearer {key}"})
        ask()
        self.assertEqual((answer := kept.getresponse()).status, 200)
        answer.read()
        self.demo.hubward("client", "revoke", "soon-gone")
        ask()
        self.assertEqual((answer := kept.getresponse()).status, 401)
        self.assertEqual(json.loads(answer.read())["category"], "HUBWARD_UNAUTHENTICATED")
        kept.close()

    def test_a_rotated_key_is_good_until_its_overlap_ends(self):
        first = self.demo.create_client("rotating")
        second = self.demo.hubward("client", "rotate", "rotating", "--overlap", "1h")["key"]
        statuses = lambda keys: [self.demo.call("GET", "/crm/v3/objects/contacts?limit=1", key=key).status for key in keys]
        self.assertEqual(statuses([first, second]), [200, 200])
        third = self.demo.hubward("client", "rotate", "rotating", "--overlap", "0")["key"]
        self.assertEqual(statuses([first, second, third]), [401, 401, 200])

    def test_a_client_may_be_bound_to_networks(self):
        key = self.demo.hubward("client", "create", "elsewhere", "--role", self.demo.ROLE, "--connection", self.demo.CONNECTION,
                                "--network", "192.0.2.0/24")["key"]
        answer = self.demo.call("GET", "/crm/v3/objects/contacts?limit=1", key=key)
        self.assertEqual((answer.status, answer.json()["category"]), (403, "HUBWARD_NETWORK_NOT_ALLOWED"))

    def test_the_journal_shows_the_calls(self):
        self.demo.create_client("recorded")
        mark = self.demo.call("GET", "/crm/v3/objects/contacts/4711")
        refused = self.demo.call("GET", "/internal/secret")
        lines = [json.loads(line) for line in self.demo.run("journal", "tail", "-n", "50", "--json").stdout.splitlines()]
        by_id = {line["correlation_id"]: line for line in lines}
        call = next(line for line in lines if line["kind"] == "call" and line["status"] == 404)
        self.assertEqual(mark.status, 404)
        self.assertEqual((call["client"], call["connection"], call["decision"], call["upstream_status"]),
                         (self.demo.CLIENT, self.demo.CONNECTION, "allow", 404))
        self.assertIn("{", call["path_template"])
        self.assertIn("4711", call["parameters"].values())
        self.assertEqual(by_id[refused.json()["correlationId"]]["decision"], "deny")
        created = self.demo.run("journal", "find", "--operation", "client.create", "--json")
        self.assertIn("recorded", created.stdout)
        self.assertEqual(self.demo.run("journal", "find", "--client", "nobody").returncode, 1)
        text = self.demo.run("journal", "tail").stdout
        self.assertIn(self.demo.CLIENT, text)
        csv = self.demo.run("journal", "export", "--csv").stdout.splitlines()
        self.assertTrue(csv[0].startswith("time,kind,client,connection,operation"))

class StartAndStop(story.Story):
    def refused_start(self, **environment):
        """What the program says when it does not start."""
        run = subprocess.run([str(self.demo.binaries / "hubward"), "serve", "--config", str(self.demo.config)],
                             capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **environment})
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertEqual(run.stdout, "")
        return run.stderr

    def setUp(self):
        self.configuration = self.demo.config.read_text()
        if self.demo.gateway is None:
            self.demo.start_gateway()

    def tearDown(self):
        self.demo.config.write_text(self.configuration)

    def log(self):
        return (self.demo.folder / "gateway.log").read_text()

    def logged(self, what, since):
        return self.eventually(f"the log says {what}", lambda: what in self.log()[since:])

    def test_a_second_gateway_on_the_same_store_is_refused(self):
        said = self.refused_start()
        self.assertIn(f"another gateway (pid {self.demo.gateway.pid}) uses this store", said)
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)

    def test_it_does_not_start_without_its_root_key_and_says_why(self):
        self.demo.stop_gateway()
        key = self.demo.folder / "root.key"
        text = key.read_text()
        other = self.demo.folder / "other.key"
        story.write_private(other, secrets.token_hex(32) + "\n")
        to = lambda source: self.demo.config.write_text(self.configuration.replace(f"file:{key}", source))
        without = "\n".join(line for line in self.configuration.splitlines() if not line.startswith("root_key"))
        try:
            self.demo.config.write_text(without)
            self.assertIn("root_key", self.refused_start())
            to(f"file:{self.demo.folder / 'nowhere.key'}")
            self.assertIn("nowhere.key", self.refused_start())
            to(f"file:{other}")
            said = self.refused_start()
            self.assertIn("but this store was sealed under root key", said)
            self.demo.config.write_text(self.configuration)
            key.chmod(0o644)
            said = self.refused_start()
            self.assertIn("root.key", said)
            self.assertIn("by others", said)
            key.chmod(0o600)
            story.write_private(key, "not a key\n")
            self.assertIn("root", self.refused_start())
            to("env:HUBWARD_NO_SUCH_KEY")
            self.assertIn("HUBWARD_NO_SUCH_KEY", self.refused_start())
        finally:
            key.chmod(0o600)
            story.write_private(key, text)
        self.demo.config.write_text(self.configuration)
        self.demo.start_gateway()
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)

    def test_a_broken_configuration_is_explained_with_line_and_suggestion(self):
        self.demo.config.write_text(self.configuration.replace("store_dir", "stor_dir"))
        checked = self.demo.run("check")
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stdout + checked.stderr, r"hubward\.toml:\d+:\d+")
        self.assertIn("store_dir", checked.stdout + checked.stderr)

    def test_a_reload_with_a_broken_configuration_keeps_the_old_one(self):
        since = len(self.log())
        self.demo.config.write_text(self.configuration + "\n[nonsense]\n")
        self.demo.gateway.send_signal(signal.SIGHUP)
        self.logged("reload.refused", since)
        self.assertIn("nonsense", self.log()[since:])
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)

    def test_a_reload_brings_a_new_role_without_dropping_a_request(self):
        failed, stop = [], threading.Event()

        def keep_calling():
            while not stop.is_set():
                try:
                    answer = self.demo.call("GET", "/crm/v3/objects/contacts?limit=1")
                    if answer.status != 200:
                        failed.append(answer.text)
                except OSError as trouble:
                    failed.append(str(trouble))
        callers = [threading.Thread(target=keep_calling) for _ in range(2)]
        for caller in callers:
            caller.start()
        try:
            for number in range(3):
                since = len(self.log())
                self.demo.config.write_text(self.configuration + f'\n[roles.later{number}]\n[[roles.later{number}.rules]]\n'
                                            'name = "look"\nobjects = ["contacts"]\nactions = ["view"]\n')
                self.demo.gateway.send_signal(signal.SIGHUP)
                self.logged("reload.done", since)
                self.demo.create_client(f"later-{number}", role=f"later{number}")
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        self.assertEqual(failed, [])

    def test_a_stop_lets_running_calls_end(self):
        path = "/crm/v3/objects/contacts"
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": path, "delay_ms": 700, "times": 1})
        before = self.demo.ask_sandbox("GET", "/counters")["calls"]
        answers = []
        caller = threading.Thread(target=lambda: answers.append(self.demo.call("GET", path + "?limit=1")))
        caller.start()
        try:
            self.eventually("HubSpot has the call", lambda: self.demo.ask_sandbox("GET", "/counters")["calls"] > before)
            self.demo.gateway.send_signal(signal.SIGTERM)
            self.eventually("new connections are refused", self.refuses_connections)
        finally:
            caller.join()
            self.demo.ask_sandbox("DELETE", "/faults")
        self.assertEqual([answer.status for answer in answers], [200])
        self.assertEqual(self.demo.gateway.wait(20), 0)
        self.demo.gateway = None
        self.assertIn("gateway.stopped", self.log())
        self.demo.start_gateway()

    def refuses_connections(self):
        try:
            socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=5).close()
            return False
        except OSError:
            return True

if __name__ == "__main__":
    story.main()
