# SPDX-License-Identifier: Apache-2.0
"""Certificates that change while connections live, ends that are announced, browsers that are kept on https, and plain HTTP
that is turned there and served nowhere."""
import http.client
import json
import re
import signal
import socket
import ssl
import threading

import story
from demo import free_ports


class Doors(story.Story):
    [redirect_port] = free_ports(1)
    door_keys = {"public": f"redirect_port = {redirect_port}"}
    PATH = "/crm/v3/objects/contacts?limit=1"

    def setUp(self):
        self.files = {name: (self.demo.tls / name).read_bytes() for name in ("gateway.pem", "gateway.key")}

    def tearDown(self):
        since = len(self.log())
        for name, content in self.files.items():
            (self.demo.tls / name).write_bytes(content)
        self.reload("reload.done", since)

    def log(self):
        return (self.demo.folder / "gateway.log").read_text()

    def reload(self, said, since=None):
        since = len(self.log()) if since is None else since
        self.demo.gateway.send_signal(signal.SIGHUP)
        self.eventually(f"the log says {said}", lambda: said in self.log()[since:])
        return self.log()[since:]

    def shown(self, door="egress"):
        """The certificate that a new connection is shown."""
        return ssl.get_server_certificate(("127.0.0.1", getattr(self.demo.ports, door)))

    def new_certificate(self):
        """Another one for the same names, of an authority of its own, and that authority."""
        folder = self.folder / "renewed"
        folder.mkdir(exist_ok=True)
        story.make_certificates(folder)
        for name in ("gateway.pem", "gateway.key"):
            (self.demo.tls / name).write_bytes((folder / name).read_bytes())
        return str(folder / "ca.pem")

    def kept(self):
        connection = http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=self.demo.web().tls, timeout=30)
        connection.connect()
        return connection

    def ask(self, connection):
        connection.request("GET", self.PATH, headers={"Authorization": f"Bearer {self.demo.client_key}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def test_a_new_certificate_is_shown_to_new_connections_and_cuts_none_of_the_old(self):
        before = {door: self.shown(door) for door in ("egress", "public", "admin")}
        kept, busy = self.kept(), self.kept()
        self.assertEqual(self.ask(kept), 200)
        socket_before = kept.sock
        self.demo.ask_sandbox("POST", "/faults", {"path_prefix": "/crm/v3/objects/contacts", "delay_ms": 1500, "times": 1})
        calls = self.demo.ask_sandbox("GET", "/counters")["calls"]
        answers = []
        caller = threading.Thread(target=lambda: answers.append(self.ask(busy)))
        caller.start()
        try:
            self.eventually("HubSpot has the call", lambda: self.demo.ask_sandbox("GET", "/counters")["calls"] > calls)
            authority = self.new_certificate()
            self.reload("reload.done")
            self.assertEqual(answers, [], "the slow call is still under way")
            for door, old in before.items():
                self.assertNotEqual(self.shown(door), old, door)
            renewed = story.Web(authority)
            self.assertEqual(renewed.get(self.demo.egress + self.PATH, {"Authorization": f"Bearer {self.demo.client_key}"}).status, 200)
            self.assertEqual(self.ask(kept), 200)
            self.assertIs(kept.sock, socket_before, "the kept connection was used again")
        finally:
            caller.join()
            self.demo.ask_sandbox("DELETE", "/faults")
        self.assertEqual(answers, [200])
        kept.close()
        busy.close()

    def test_a_broken_certificate_keeps_the_old_one_and_says_so(self):
        before = self.shown()
        for name, content in (("gateway.pem", b"nonsense\n"), ("gateway.key", (self.demo.tls / "sandbox.key").read_bytes())):
            with self.subTest(name):
                (self.demo.tls / name).write_bytes(content)
                lines = [json.loads(line) for line in self.reload("reload.incomplete").splitlines()]
                self.assertNotIn("reload.done", [line["event"] for line in lines])
                said = [line for line in lines if line["event"] == "reload.certificate"]
                self.assertEqual({line["door"] for line in said}, {"egress", "public", "admin"})
                for line in said:
                    self.assertIn("gateway.", line["why"])
                    self.assertIn("keeps", line["effect"])
                self.assertEqual(self.shown(), before)
                self.assertEqual(self.demo.call("GET", self.PATH).status, 200)
                checked = self.demo.run("check")
                self.assertEqual(checked.returncode, 1)
                self.assertIn("gateway.", checked.stdout)
                (self.demo.tls / name).write_bytes(self.files[name])

    def test_the_end_of_a_certificate_is_shown_before_it_comes(self):
        status = self.demo.hubward("status")
        self.assertEqual([(one["door"], one["days_left"]) for one in status["certificates"]],
                         [(door, 364) for door in ("egress", "public", "admin")])
        self.assertIn("certificate of egress ends", self.demo.run("status").stdout)
        text = self.demo.web().get(self.demo.admin + "/metrics", {"Authorization": f"Bearer {self.demo.admin_token}"}).text
        seconds = dict(re.findall(r'^hubward_certificate_expiry_seconds\{door="(\w+)"\} (\S+)$', text, re.M))
        self.assertEqual(set(seconds), {"egress", "public", "admin"})
        for left in seconds.values():
            self.assertTrue(364 * 86400 < float(left) < 365 * 86400, left)
        checked = self.demo.run("check")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn("CN=localhost, good until", checked.stdout)

    def test_browsers_are_told_to_stay_with_https_where_browsers_go(self):
        web = self.demo.web()
        for door, expected in ((self.demo.public, "max-age=31536000"), (self.demo.admin, "max-age=31536000"), (self.demo.egress, None)):
            self.assertEqual(web.get(door + "/nothing").headers["Strict-Transport-Security"], expected, door)

    def test_plain_http_is_turned_to_the_configured_address(self):
        plain = f"http://127.0.0.1:{self.redirect_port}"
        for method in ("GET", "HEAD"):
            answer = story.Web().request(method, plain + "/oauth/demo/install?invite=x", {"Host": "evil.example"})
            self.assertEqual((answer.status, answer.headers["Location"]), (308, self.demo.public + "/oauth/demo/install?invite=x"))
            self.assertEqual(answer.headers["Connection"], "close")
            self.assertIsNone(answer.headers["Strict-Transport-Security"])
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = story.Web().request(method, plain + "/", {}, "a=b" if method != "DELETE" else None)
            self.assertEqual((answer.status, answer.headers["Allow"], answer.headers["Location"]), (405, "GET, HEAD", None))
        for hostile in (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET //\r\n\r\n", b"\x16\x03\x01\x00"):
            self.assertNotIn(b"Location", self.raw(self.redirect_port, hostile))

    def raw(self, port, sent):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(4096):
                received += piece
            return received

    def test_plain_http_to_a_tls_door_is_refused_in_words(self):
        for door in ("egress", "public", "admin"):
            key = self.demo.client_key.encode()
            answer = self.raw(getattr(self.demo.ports, door), b"GET /crm/v3/objects/contacts HTTP/1.1\r\nHost: localhost\r\n"
                              b"Authorization: Bearer " + key + b"\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertIn(b"HUBWARD_PLAIN_HTTP", answer)
            self.assertNotIn(key, answer)


if __name__ == "__main__":
    story.main()
