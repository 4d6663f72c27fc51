# SPDX-License-Identifier: Apache-2.0
"""After a whole life at debug level no secret lies where none may be: files of the store, log, journal, metrics, answers,
/proc, and what a core file would hold. Everything that is secret is known here, from the sandbox's state, the files that
were written and the vault itself, unwrapped by another implementation; and each search is shown to find what is there."""
import http.client
import json
import os
import pathlib
import secrets
import shutil
import uuid

import story
import traces

OFFICE = '''
[roles.reader]

[[roles.reader.rules]]
name = "look only"
objects = ["*"]
actions = ["view"]

[apps.office]
kind = "private"
simulator = true
simulator_api = "{api}"
simulator_ca = "{ca}"
'''
PROC_MARK = "story-mark-" + secrets.token_hex(8)


def random_client_secret(demo):
    """The sandbox's own secrets are easy to read; these are easy to find."""
    demo.app["client_secret"] = str(uuid.uuid4())
    demo.ask_sandbox("PATCH", f"/apps/{demo.APP}", {"client_secret": demo.app["client_secret"]})


class Canary(story.Story):
    environment = {"HUBWARD_STORY_MARK": PROC_MARK}

    @classmethod
    def arrange(cls):
        demo = cls.demo
        random_client_secret(demo)
        demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})
        state = demo.ask_sandbox("GET", "/state")
        known = next(app["token"] for app in demo.world["apps"] if app["name"] == "private")
        cls.static_token = f"pat-na1-{uuid.uuid4()}"
        state["tokens"][cls.static_token] = state["tokens"][known]
        demo.ask_sandbox("PUT", "/state", state)
        cls.extra_configuration = OFFICE.format(api=demo.sandbox_api, ca=demo.ca_file)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.errors, cls.outputs, cls.tokens, cls.keys, cls.tickets = [], [], {}, {}, {}
            cls.live_a_whole_life()
        except BaseException:
            cls.tearDownClass()
            raise

    # --- The run ---

    @classmethod
    def live_a_whole_life(cls):
        demo = cls.demo
        cls.keys["the client's first key"] = demo.client_key
        cls.canary = "canary-" + secrets.token_hex(8)
        cls.keys["the named client's key"] = demo.create_client(cls.canary)
        cls.connect_more()
        cls.call_everything()
        cls.be_refused()
        cls.have_trouble()
        cls.rotate_and_revoke()
        cls.ask_every_command()

    @classmethod
    def note_tokens(cls):
        state = cls.demo.ask_sandbox("GET", "/state")
        for install in state["installs"].values():
            if install["refresh_token"]:
                cls.tokens[install["refresh_token"]] = f"refresh token of {install['app']}/{install['hub_id']}"
        for text, token in state["tokens"].items():
            if token["app"] == cls.demo.APP or text == cls.static_token:
                cls.tokens[text] = f"{token['use']} {token['app']}/{token['hub_id']}/{token['generation']}"

    @classmethod
    def connect_more(cls):
        demo = cls.demo
        demo.hubward("connection", "add", "office", "--app", "office", secret_input=cls.static_token + "\n")
        invite = demo.invite(9100002, "second")
        callback, cookie = demo.begin_connect(9100002, invite=invite)
        done = demo.web().get(callback, {"Cookie": cookie})
        if done.status != 200:
            raise story.Trouble(f"the callback was answered {done.status}: {done.text[:300]}")
        again = demo.web().get(callback, {"Cookie": cookie})  # a second time: refused, and explained
        cls.errors += [done.text, again.text, demo.web().get(invite).text]
        cls.tickets["invite"] = invite.split("invite=")[1]
        cls.tickets["authorization code"] = callback.split("code=")[1].split("&")[0]
        cls.note_tokens()

    @classmethod
    def ask(cls, method, path, body=None, key=None, expected=None):
        answer = cls.demo.call(method, path, body, key)
        if answer.status >= 300:
            cls.errors.append(answer.text)
        if expected is not None and answer.status != expected:
            raise story.Trouble(f"{method} {path} was answered {answer.status}: {answer.text[:300]}")
        return answer

    @classmethod
    def call_everything(cls):
        contact = {"properties": {"email": f"{cls.canary}@example.com", "lastname": "Canary"}}
        made = cls.ask("POST", "/crm/v3/objects/contacts", contact, expected=201).json()["id"]
        one = f"/crm/v3/objects/contacts/{made}"
        cls.ask("GET", one, expected=200)
        cls.ask("GET", f"/crm/v3/objects/contacts/{cls.canary}@example.com?idProperty=email", expected=200)
        cls.ask("PATCH", one, {"properties": {"firstname": "Ada"}}, expected=200)
        cls.ask("GET", "/crm/v3/objects/contacts?limit=1", expected=200)
        cls.ask("POST", "/crm/v3/objects/contacts/search", {"filterGroups": [], "limit": 2}, expected=200)
        cls.ask("POST", "/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": made}], "properties": []}, expected=200)
        cls.ask("GET", "/crm/v3/properties/contacts", expected=200)
        office = cls.demo.create_client("office-client", connection="office")
        cls.keys["the office client's key"] = office
        cls.ask("GET", "/crm/v3/objects/contacts?limit=1", key=office, expected=200)
        cls.ask("DELETE", one, expected=204)

    @classmethod
    def be_refused(cls):
        key = cls.demo.create_client("reader", role="reader")
        cls.keys["the reader's key"] = key
        cls.ask("POST", "/crm/v3/objects/contacts", {"properties": {}}, key=key, expected=403)
        cls.ask("GET", "/crm/v3/objects/line_items", expected=403)
        cls.ask("GET", "/crm/v3/objects/contacts/999999999", expected=404)
        cls.ask("POST", "/crm/v3/objects/contacts", {"properties": {"no_such": "1"}}, expected=400)
        cls.ask("GET", "/internal/secret", expected=403)
        cls.ask("GET", "/oauth/v1/access-tokens/abc", expected=403)
        cls.ask("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": cls.demo.client_key}, expected=200)
        cls.ask("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": key}, expected=403)
        almost = cls.demo.client_key[:-1] + ("A" if cls.demo.client_key[-1] != "A" else "B")
        cls.ask("GET", "/crm/v3/objects/contacts", key=almost, expected=401)
        # Where people put keys by mistake. They end up in addresses, whose memory nobody can promise to wipe.
        misplaced = cls.demo.create_client("misplaced")
        cls.misplaced = misplaced
        for path in (f"/crm/v3/objects/contacts?hapikey={misplaced}", f"/crm/v3/objects/contacts/{misplaced}",
                     f"/crm/v3/objects/contacts?limit=1&after={misplaced}", f"/{misplaced}", f"/c/{misplaced}/crm/v3/objects/contacts"):
            cls.say(cls.demo.call("GET", path))
        for headers in ({"Authorization": f"Basic {misplaced}"}, {"Cookie": f"key={misplaced}"}, {"X-Api-Key": misplaced},
                        {"Authorization": f"Bearer {misplaced}", "X-Forwarded-For": misplaced}):
            cls.say(cls.demo.web().request("GET", cls.demo.egress + "/crm/v3/objects/nothing", headers))

    @classmethod
    def say(cls, answer):
        """Kept when it is the gateway's own: HubSpot may well repeat to a caller what the caller wrote."""
        if "HUBWARD_" in answer.text:
            cls.errors.append(answer.text)

    @classmethod
    def trouble(cls, fault, run):
        """Runs something while the sandbox misbehaves."""
        cls.demo.ask_sandbox("POST", "/faults", fault)
        try:
            run()
        finally:
            cls.demo.ask_sandbox("DELETE", "/faults")
        cls.note_tokens()

    @classmethod
    def have_trouble(cls):
        demo, contacts = cls.demo, "/crm/v3/objects/contacts"
        for fault in ({"status": 500}, {"malformed": True}, {"cut": "before"}, {"cut": "middle"}, {"cut": "after_effect"}):
            def call_in_trouble():
                try:
                    cls.ask("GET", contacts)
                except (http.client.HTTPException, OSError):
                    pass  # an answer that breaks off is a fault too
            cls.trouble({"path_prefix": contacts, "times": 1, **fault}, call_in_trouble)
        cls.trouble({"path_prefix": contacts, "credential": "expired", "times": 1},
                    lambda: cls.ask("GET", contacts, expected=200))
        refresh = next(text for text, name in cls.tokens.items() if name == f"refresh token of demo/{demo.account}")
        # HubSpot repeats what it was sent, in a refusal: that must not get into logs, journal or messages.
        echoes = [{"status": 400, "body": json.dumps({"status": "BAD_THING", "message": f"cannot use {refresh}"})},
                  {"status": 400, "body": json.dumps({"error": refresh, "error_description": demo.app["client_secret"]})},
                  {"status": 200, "body": json.dumps({"access_token": refresh, "expires_in": refresh})},
                  {"status": 502, "body": f"<html>{refresh}</html>", "content_type": "text/html"},
                  {"malformed": True}, {"cut": "after_effect"}]
        for fault in echoes:
            cls.trouble({"path_prefix": "/oauth/", "method": "POST", "times": 1, **fault},
                        lambda: cls.outputs.append(cls.text_of("connection", "refresh", demo.CONNECTION)))
            cls.outputs.append(cls.text_of("connection", "show", demo.CONNECTION))
        cls.outputs.append(json.dumps(demo.hubward("connection", "refresh", demo.CONNECTION)))
        cls.note_tokens()
        cls.ask("GET", contacts, expected=200)

    @classmethod
    def rotate_and_revoke(cls):
        demo = cls.demo
        rotated = demo.hubward("client", "rotate", demo.CLIENT, "--overlap", "1h")["key"]
        cls.keys["the client's second key"] = demo.client_key = rotated
        cls.ask("GET", "/crm/v3/objects/contacts", expected=200)
        gone = demo.create_client("gone")
        cls.keys["the revoked client's key"] = gone
        cls.outputs.append(json.dumps(demo.hubward("client", "revoke", "gone")))
        cls.ask("GET", "/crm/v3/objects/contacts", key=gone, expected=401)
        cls.root_keys = {"the first root key": (demo.folder / "root.key").read_text().strip()}
        cls.vault_keys = {}
        cls.note_vault("first")
        story.write_private(demo.folder / "root-2.key", secrets.token_hex(32) + "\n")
        cls.root_keys["the second root key"] = (demo.folder / "root-2.key").read_text().strip()
        cls.outputs.append(json.dumps(demo.hubward("keys", "rotate", "--to", f"file:{demo.folder / 'root-2.key'}")))
        demo.config.write_text(demo.config.read_text().replace("root.key", "root-2.key"))
        cls.note_vault("second")
        demo.hubward("connection", "disconnect", "second")
        cls.note_tokens()

    @classmethod
    def note_vault(cls, which):
        root = bytes.fromhex(cls.root_keys[f"the {which} root key"])
        found, wrapping = traces.keys_in_vault(cls.demo.folder / "store/vault.db", root)
        cls.vault_keys |= found
        cls.vault_keys[f"wrapping key of the {which} root key"] = wrapping

    @classmethod
    def text_of(cls, *words):
        run = cls.demo.run(*words)
        return run.stdout + run.stderr

    @classmethod
    def ask_every_command(cls):
        for words in (("status",), ("check",), ("app", "show", cls.demo.APP), ("role", "list"), ("connection", "list"),
                      ("connection", "show", cls.demo.CONNECTION), ("client", "list"), ("client", "show", cls.demo.CLIENT),
                      ("keys", "status"), ("store", "check")):
            cls.outputs += [cls.text_of(*words), cls.text_of(*words, "--json")]
        cls.journal = {words: cls.text_of("journal", *words) for words in (
            ("tail", "-n", "10000"), ("tail", "-n", "10000", "--json"), ("find",), ("export",), ("export", "--csv"))}
        token = {"Authorization": f"Bearer {cls.demo.admin_token}"}
        web = cls.demo.web()
        cls.metrics = web.get(cls.demo.admin + "/metrics", token).text
        cls.outputs.append(web.get(cls.demo.admin + "/readyz", token).text)
        cls.errors.append(web.get(cls.demo.admin + "/api/v1/clients", {"Authorization": "Bearer wrong"}).text)
        cls.errors.append(web.get(cls.demo.admin + "/nothing", token).text)

    # --- What is secret ---

    def outside_secrets(self):
        """Everything that may not be seen from outside the process."""
        yield from self.secrets_in_memory()
        yield traces.Needle("the misplaced key", self.misplaced.split("_", 2)[2], pieces=True)
        for name, text in self.tickets.items():
            yield traces.Needle(f"the {name}", text)

    def secrets_in_memory(self):
        for text, name in self.tokens.items():
            yield traces.Needle(name, text, pieces=True)
        yield traces.Needle("the client secret", self.demo.app["client_secret"], pieces=True)
        yield traces.Needle("the operator token", self.demo.admin_token, pieces=True)
        for name, text in self.root_keys.items():
            yield traces.Needle(f"{name}, as text", text, pieces=True)
            yield traces.Needle(name, bytes.fromhex(text), pieces=True)
        for name, raw in self.vault_keys.items():
            yield traces.Needle(f"vault key: {name}", raw, pieces=True)
        for name, text in self.keys.items():
            # What stands before the last part names the key and is no secret.
            yield traces.Needle(name, text.split("_", 2)[2], pieces=True)

    def found(self, needles, haystacks):
        return [f"{needle.name} in {place}" for needle in needles for place in needle.in_any(haystacks)]

    # --- Where it may not be ---

    def test_the_run_made_all_kinds_of_secrets(self):
        names = list(self.tokens.values())
        self.assertGreaterEqual(sum("access_token" in name for name in names), 5, names)
        self.assertGreaterEqual(sum("refresh token" in name for name in names), 2, names)
        self.assertEqual(sum("static" in name for name in names), 1, names)
        self.assertEqual({name.split()[0] for name in self.vault_keys}, {"canary", "client", "state", "journal", "inbox", "connection", "wrapping"})
        for raw in self.vault_keys.values():
            self.assertEqual(len(raw), 32)

    def test_the_files_of_the_store_hold_none(self):
        files = [(path.name, path.read_bytes()) for path in sorted((self.demo.folder / "store").rglob("*")) if path.is_file()]
        self.assertLessEqual({"vault.db", "journal.db"}, {name for name, _ in files})
        self.assertTrue(traces.Needle("canary", self.canary).in_any(files), "the search finds nothing at all")
        self.assertEqual(self.found(self.outside_secrets(), files), [])

    def test_log_journal_metrics_and_answers_hold_none(self):
        texts = [("gateway.log", (self.demo.folder / "gateway.log").read_text()), ("metrics", self.metrics)]
        texts += [(f"journal {' '.join(words)}", text) for words, text in self.journal.items()]
        texts += [(f"error {n}", text) for n, text in enumerate(self.errors)]
        texts += [(f"output {n}", text) for n, text in enumerate(self.outputs)]
        haystacks = [(name, text.encode()) for name, text in texts]
        for name, text, sign in (("log", texts[0][1], "gateway.ready"), ("metrics", self.metrics, "hubward_calls_total"),
                                 ("journal", self.journal[("export", "--csv")], "crm."),
                                 ("errors", "".join(self.errors), "HUBWARD_DENIED"), ("outputs", "".join(self.outputs), "acme-demo")):
            self.assertIn(sign, text, f"the {name} was not looked at")
        for words, text in self.journal.items():
            self.assertIn(self.canary, text, f"journal {words} does not name the client that was made")
            self.assertGreater(len(text.splitlines()), 20)
        self.assertEqual(self.found(self.outside_secrets(), haystacks), [])

    def test_proc_shows_none(self):
        proc = pathlib.Path(f"/proc/{self.demo.gateway.pid}")
        try:
            haystacks = [(name, (proc / name).read_bytes()) for name in ("cmdline", "environ")]
        except PermissionError:
            self.skipTest("only root may look at the environment of a program that forbids core files")
        self.assertIn(b"serve", haystacks[0][1])
        self.assertIn(PROC_MARK.encode(), haystacks[1][1], "environ cannot be read")
        self.assertEqual(self.found(self.outside_secrets(), haystacks), [])

    # --- What a core file would hold ---

    def core_image(self):
        try:
            return traces.core_image(self.demo.gateway.pid)
        except traces.Unreadable as why:
            self.skipTest(str(why))

    def assert_clean_core(self, when):
        needles = list(self.secrets_in_memory())

        def leaks():
            dumped, _ = self.core_image()
            self.assertTrue(traces.Needle("canary", self.canary).in_any(dumped), "the image holds nothing at all")
            return self.found(needles, dumped)
        # Idle is reached within moments; what is still there after that stays.
        seen = []
        try:
            self.eventually("a clean image", lambda: not seen.__setitem__(slice(None), leaks()) and not seen, seconds=5)
        except AssertionError:
            self.fail(f"{when}:\n" + "\n".join(self.where(needles)))

    def where(self, needles):
        """For whoever has to find the place: what stands around each find."""
        dumped, _ = self.core_image()
        for needle in needles:
            for region, data in dumped:
                at = max((data.find(form) for form in needle.forms), default=-1)
                if at >= 0:
                    yield f"{needle.name} in {region} +{at:#x}: {data[max(0, at - 96):at + 160]!r}"

    def test_a_core_file_of_the_idle_gateway_holds_none(self):
        self.ask("GET", "/crm/v3/objects/contacts?limit=1", expected=200)
        self.assert_clean_core("after all clients have left")

    def test_a_core_file_holds_none_while_a_kept_connection_idles(self):
        demo = self.demo
        kept = http.client.HTTPSConnection("localhost", demo.ports.egress, context=demo.web().tls, timeout=30)
        admin = http.client.HTTPSConnection("localhost", demo.ports.admin, context=demo.web().tls, timeout=30)
        try:
            for path, body in (("/crm/v3/objects/contacts?limit=1", None), ("/crm/v3/objects/contacts/search", '{"limit": 1}')):
                kept.request("POST" if body else "GET", path, body, {"Authorization": f"Bearer {demo.client_key}",
                                                                    "Content-Type": "application/json"})
                self.assertEqual((answer := kept.getresponse()).status, 200)
                answer.read()
            admin.request("GET", "/readyz", headers={"Authorization": f"Bearer {demo.admin_token}"})
            self.assertEqual((answer := admin.getresponse()).status, 200)
            answer.read()
            self.assert_clean_core("while connections are kept open")
        finally:
            kept.close()
            admin.close()

    def test_secrets_do_lie_in_locked_memory_and_the_search_sees_them_there(self):
        _, hidden = self.core_image()
        self.assertTrue(all("lo" in flags for _, _, flags in hidden), "pages that are left out of core files must be locked")
        generations = {int(name.rsplit("/", 1)[1]): text for text, name in self.tokens.items()
                       if name.startswith(f"access_token demo/{self.demo.account}/")}
        for what, value in (("the newest access token", generations[max(generations)]), ("the static token", self.static_token),
                            ("the client secret", self.demo.app["client_secret"])):
            with self.subTest(what):
                self.assertTrue([name for name, data, _ in hidden if value.encode() in data],
                                "it is nowhere in memory: is the search looking at the right process?")

    def test_gdb_agrees(self):
        if not shutil.which("gcore"):
            self.skipTest("gcore is not installed; /proc/PID/smaps says the same")
        self.core_image()
        image = traces.core_by_debugger(self.demo.gateway.pid, self.folder)
        if image is None:
            self.skipTest("this machine does not let gdb attach")
        self.assertTrue(traces.Needle("canary", self.canary).in_any(image))
        self.assertEqual(self.found(self.secrets_in_memory(), image), [])


class RootKeyFromEnvironment(story.Story):
    """A root key that came in a variable is gone from /proc, and from all memory but the locked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        demo = cls.demo
        try:
            demo.stop_gateway()
            cls.root_key = (demo.folder / "root.key").read_text().strip()
            os.unlink(demo.folder / "root.key")
            demo.config.write_text(demo.config.read_text().replace(f'"file:{demo.folder / "root.key"}"', '"env:HUBWARD_ROOT_KEY"'))
            demo.environment = {"HUBWARD_ROOT_KEY": cls.root_key, "HUBWARD_STORY_MARK": PROC_MARK}
            demo.start_gateway()
        except BaseException:
            cls.tearDownClass()
            raise

    def test_it_is_gone_after_the_start(self):
        self.assertEqual(self.demo.call("GET", "/crm/v3/objects/contacts?limit=1").status, 200)
        proc = pathlib.Path(f"/proc/{self.demo.gateway.pid}")
        try:
            environ = (proc / "environ").read_bytes()
        except PermissionError:
            self.skipTest("only root may look at the environment of a program that forbids core files")
        self.assertIn(PROC_MARK.encode(), environ)
        haystacks = [("environ", environ), ("cmdline", (proc / "cmdline").read_bytes())]
        try:
            dumped, _ = traces.core_image(self.demo.gateway.pid)
            self.assertTrue(traces.Needle("the mark", PROC_MARK).in_any(dumped), "the image does not hold the environment")
            haystacks += dumped
        except traces.Unreadable:
            pass  # a sanitizer's build; /proc is looked at all the same
        for needle in (traces.Needle("the root key, as text", self.root_key, pieces=True),
                       traces.Needle("the root key", bytes.fromhex(self.root_key), pieces=True)):
            self.assertEqual(needle.in_any(haystacks), [], needle.name)

    def test_the_store_and_the_log_do_not_have_it_either(self):
        places = [*sorted((self.demo.folder / "store").rglob("*")), self.demo.folder / "gateway.log"]
        haystacks = [(path.name, path.read_bytes()) for path in places if path.is_file()]
        self.assertGreaterEqual(len(haystacks), 3)
        self.assertEqual(traces.Needle("the root key", self.root_key, pieces=True).in_any(haystacks), [])


if __name__ == "__main__":
    story.main()
