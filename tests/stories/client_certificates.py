# SPDX-License-Identifier: Apache-2.0
"""Clients that show a certificate at the egress door: instead of a key, besides one, with and without an authority that must
vouch; and the moment from which each stops to count."""
import http.client
import json
import pathlib
import signal
import socket
import ssl

import story

PATH = "/crm/v3/objects/contacts?limit=1"


class Authority:
    """Vouches for clients; keeps its key for as long as the story lives."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.file = self.folder / "ca.pem"
        self.extensions = self.folder / "client.cnf"
        self.extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
        story.openssl("req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                     "-subj", "/CN=Client authority", "-keyout", str(self.folder / "ca.key"), "-out", str(self.file))

    def issue(self, name):
        """One PEM file with certificate and key, as most clients want it."""
        key, request, leaf = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        story.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", str(key), "-out", str(request))
        story.openssl("x509", "-req", "-in", str(request), "-CA", str(self.file), "-CAkey", str(self.folder / "ca.key"),
                     "-CAcreateserial", "-days", "1", "-extfile", str(self.extensions), "-out", str(leaf))
        both = self.folder / f"{name}.pem"
        story.write_private(both, leaf.read_text() + key.read_text())
        return str(both)


class Certificates(story.Story):
    door_keys = {"egress": "client_certificates = true"}

    @classmethod
    def arrange(cls):
        cls.authority = Authority(cls.folder / "authority")

    def create(self, name, *words):
        return self.demo.hubward("client", "create", name, "--role", self.demo.ROLE, "--connection", self.demo.CONNECTION, *words)

    def context(self, certificate=None, version=None):
        tls = ssl.create_default_context(cafile=self.demo.ca_file)
        if certificate:
            tls.load_cert_chain(certificate)
        if version:
            tls.minimum_version = tls.maximum_version = version
        return tls

    def connection(self, certificate=None, version=None):
        return http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=self.context(certificate, version), timeout=30)

    def ask(self, connection, bearer=None):
        """Status and category of one call; None for a bearer sends no Authorization."""
        connection.request("GET", PATH, headers={} if bearer is None else {"Authorization": f"Bearer {bearer}"})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, None if answer.status == 200 else json.loads(text)["category"]

    def once(self, certificate=None, bearer=None, version=None):
        connection = self.connection(certificate, version)
        try:
            return self.ask(connection, bearer)
        finally:
            connection.close()


class Pinned(Certificates):
    def test_a_certificate_stands_for_its_client_and_for_nobody_else(self):
        mine, foreign = self.authority.issue("mine"), self.authority.issue("foreign")
        created = self.create("by-certificate", "--certificate", mine)
        self.assertEqual(created, {"client": "by-certificate"})
        unknown = (401, "HUBWARD_UNAUTHENTICATED")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                self.assertEqual(self.once(mine, version=version), (200, None))
                self.assertEqual(self.once(mine, "certificate", version), (200, None))
                self.assertEqual(self.once(foreign, version=version), unknown)
                self.assertEqual(self.once(None, "certificate", version), unknown)
                # Whatever else stands in Authorization never falls back to the certificate.
                self.assertEqual(self.once(mine, "pat-na1-00000000-0000-0000-0000-000000000000", version), unknown)
                # And a key is its own client's, whatever certificate is beside it.
                self.assertEqual(self.once(foreign, self.demo.client_key, version), (200, None))
        found = self.demo.run("journal", "find", "--client", "by-certificate", "--json")
        self.assertGreaterEqual(len(found.stdout.splitlines()), 4)

    def test_one_that_must_show_both_shows_both(self):
        mine, other = self.authority.issue("both"), self.authority.issue("other")
        key = self.create("by-both", "--certificate", mine, "--require-both")["key"]
        self.create("beside", "--certificate", other)
        self.assertEqual(self.once(mine, key), (200, None))
        self.assertEqual(self.once(None, key), (401, "HUBWARD_CERTIFICATE_REQUIRED"))
        self.assertEqual(self.once(other, key), (401, "HUBWARD_CERTIFICATE_REQUIRED"))
        self.assertEqual(self.once(mine), (401, "HUBWARD_UNAUTHENTICATED"))
        self.assertEqual(self.once(mine, "certificate"), (401, "HUBWARD_UNAUTHENTICATED"))

    def test_a_revoked_one_is_refused_on_the_next_request_of_a_kept_connection(self):
        mine = self.authority.issue("soon-gone")
        self.create("soon-gone", "--certificate", mine)
        kept = self.connection(mine)
        self.assertEqual(self.ask(kept), (200, None))
        before = kept.sock
        self.demo.hubward("client", "revoke", "soon-gone")
        self.assertEqual(self.ask(kept), (401, "HUBWARD_UNAUTHENTICATED"))
        self.assertIs(kept.sock, before)
        kept.close()

    def test_a_rotation_lets_two_certificates_overlap(self):
        first, second, third = (self.authority.issue(f"turn-{n}") for n in range(3))
        self.create("turning", "--certificate", first)
        self.demo.hubward("client", "rotate", "turning", "--certificate", second, "--overlap", "1h")
        self.assertEqual([self.once(one)[0] for one in (first, second)], [200, 200])
        shown = self.demo.hubward("client", "rotate", "turning", "--certificate", third, "--overlap", "0")
        self.assertEqual([one["expires_at"] is None for one in shown["certificates"]], [False, False, True])
        self.assertEqual([self.once(one)[0] for one in (first, second, third)], [401, 401, 200])

    def test_no_session_with_a_certificate_can_be_resumed(self):
        mine = self.authority.issue("resumed")
        self.create("resumed", "--certificate", mine)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for certificate, resumes in ((None, True), (mine, False)):
                with self.subTest(version=version.name, certificate=bool(certificate)):
                    tls = self.context(certificate, version)
                    first = http.client.HTTPSConnection("localhost", self.demo.ports.egress, context=tls, timeout=30)
                    self.assertEqual(self.ask(first)[0], 200 if certificate else 401)
                    session = first.sock.session
                    first.close()
                    self.assertEqual(session is not None and session.has_ticket, resumes)
                    if not resumes:
                        continue
                    with tls.wrap_socket(socket.create_connection(("127.0.0.1", self.demo.ports.egress), timeout=30),
                                         server_hostname="localhost", session=session) as again:
                        self.assertTrue(again.session_reused)

    def test_what_cannot_be_a_certificate_is_refused_with_a_reason(self):
        weak, nothing = self.folder / "weak.pem", self.folder / "nothing.pem"
        story.openssl("req", "-new", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "1", "-subj", "/CN=weak",
                     "-keyout", str(self.folder / "weak.key"), "-out", str(weak))
        nothing.write_text("nothing\n")
        mine = self.authority.issue("taken")
        self.create("taken", "--certificate", mine)
        for file, reason in ((weak, "too weak"), (nothing, "no certificate"), (self.folder / "nowhere", "no certificate"), (mine, "taken")):
            run = self.demo.run("client", "create", "refused", "--role", self.demo.ROLE, "--connection", self.demo.CONNECTION,
                                "--certificate", str(file))
            self.assertEqual(run.returncode, 1, file)
            self.assertIn(reason, run.stderr)
        # A client that has a key is not given a certificate later, nor the other way round.
        self.assertEqual(self.demo.run("client", "rotate", "taken").returncode, 1)
        self.assertEqual(self.demo.run("client", "rotate", self.demo.CLIENT, "--certificate", mine).returncode, 1)

    def test_the_official_sdk_calls_with_a_certificate_and_without_a_key(self):
        mine = self.authority.issue("sdk")
        self.create("sdk", "--certificate", mine)
        tokens = [None, "certificate", "pat-na1-0", self.demo.client_key]

        def seen(**more):
            return story.node_answer(story.node("certificate.mjs", self.demo.egress, "", self.demo, HUBWARD_TOKENS=json.dumps(tokens), **more))
        good, refused = {"status": 200, "results": True}, {"status": 401, "category": "HUBWARD_UNAUTHENTICATED"}
        self.assertEqual(seen(HUBWARD_CERTIFICATE=mine), [good, good, refused, good])
        self.assertEqual(seen(), [refused, refused, refused, good])


class Vouched(Certificates):
    @classmethod
    def arrange(cls):
        super().arrange()
        cls.trusted = cls.folder / "clients.pem"
        cls.trusted.write_text(cls.authority.file.read_text())
        cls.door_keys = {"egress": f'client_certificates = true\nclient_authorities = "{cls.trusted}"'}

    def test_a_certificate_counts_while_an_authority_vouches_for_it(self):
        stranger = Authority(self.folder / "stranger")
        mine, foreign = self.authority.issue("mine"), stranger.issue("foreign")
        self.create("vouched", "--certificate", mine)
        self.create("unvouched", "--certificate", foreign)
        refused = (401, "HUBWARD_CERTIFICATE_REFUSED")
        kept = self.connection(mine)
        before = (kept.connect(), kept.sock)[1]
        self.assertEqual(self.ask(kept), (200, None))
        self.assertEqual(self.once(foreign), refused)
        # The authorities change: also for connections that are open.
        self.trust(stranger)
        self.assertEqual(self.ask(kept), refused)
        self.assertEqual(self.once(mine), refused)
        self.assertEqual(self.once(foreign), (200, None))
        self.trust(self.authority)
        self.assertEqual(self.ask(kept), (200, None))
        self.assertIs(kept.sock, before)
        # Authorities that cannot be read leave those of before, and the reload says that it was not all done.
        said = self.reload("nonsense", "reload.incomplete")
        (why,) = [line["why"] for line in said if line["event"] == "reload.certificate"]
        self.assertIn("client authorities", why)
        self.assertEqual([line["doors"] for line in said if line["event"] == "reload.incomplete"], ["egress"])
        self.assertNotIn("reload.done", [line["event"] for line in said])
        self.assertEqual(self.ask(kept), (200, None))
        self.assertEqual(self.once(foreign), refused)
        self.trust(self.authority)
        kept.close()

    def trust(self, authority):
        self.reload(authority.file.read_text(), "reload.done")

    def reload(self, authorities, event):
        """What the log says until it says that event."""
        log = self.demo.folder / "gateway.log"
        since = len(log.read_text())
        self.trusted.write_text(authorities)
        self.demo.gateway.send_signal(signal.SIGHUP)
        self.eventually(f"the log says {event}", lambda: f'"{event}"' in log.read_text()[since:])
        return [json.loads(line) for line in log.read_text()[since:].splitlines()]


class NotAskedFor(Certificates):
    door_keys = None

    def test_a_client_with_a_certificate_is_not_made_where_none_is_asked_for(self):
        mine = self.authority.issue("mine")
        run = self.demo.run("client", "create", "mine", "--role", self.demo.ROLE, "--connection", self.demo.CONNECTION, "--certificate", mine)
        self.assertEqual(run.returncode, 1)
        self.assertIn("client_certificates", run.stderr)
        self.assertEqual(self.once(mine), (401, "HUBWARD_UNAUTHENTICATED"))
        self.assertEqual(self.once(mine, self.demo.client_key), (200, None))


if __name__ == "__main__":
    story.main()
