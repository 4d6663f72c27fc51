# SPDX-License-Identifier: Apache-2.0
"""The three doors as two scanners that other people wrote see them: testssl.sh and sslscan. A finding that is not on the
short list below, with its reason, fails."""
import concurrent.futures
import json
import shutil
import subprocess
import xml.etree.ElementTree as xml

import story

# Every check but those that need the internet or ask about IPv6, and those by which every single cipher is tried: sslscan
# does that, and quicker.
TESTSSL = ["--quiet", "--color", "0", "--warnings", "off", "-n", "none", "--ip", "127.0.0.1", "--connect-timeout", "20",
           "--openssl-timeout", "20", "--protocols", "--std", "--fs", "--server-preference", "--server-defaults", "--headers",
           "--vulnerable", "--grease"]
SERIOUS = ("LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")
EVERYWHERE = {
    "cert_revocation": "where the certificate comes from: the demo's authority publishes no revocations",
    "engine_problem": "about the machine that scans: its OpenSSL has no GOST engine",
    "sessionresumption_ticket": "about the scanner: it may close before TLS 1.3's ticket has come, and counts that as trouble; "
                                "src/http/tls_test.cpp resumes",
    "RC4": "about the machine that scans: its OpenSSL has no RC4 to offer; sslscan brings its own",
}
ONLY_AT = {
    "egress": {"HSTS": "no browser has business there, and answers are HubSpot's as they are (docs/tls.md)"},
    "public": {}, "admin": {},
}
# An empty report must not pass: these checks have to have been made, whatever they said.
MADE = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "ALPN", "cipherlist_NULL", "cipherlist_aNULL",
        "cipherlist_EXPORT", "cipherlist_LOW", "cipherlist_3DES_IDEA", "cipherlist_STRONG", "PFS", "cipher_order",
        "cert_trust", "cert_chain_of_trust", "cert_expirationStatus", "heartbleed", "CCS", "ticketbleed", "ROBOT",
        "secure_renego", "secure_client_renego", "CRIME_TLS", "BREACH", "POODLE_SSL", "fallback_SCSV", "SWEET32", "FREAK",
        "DROWN", "LOGJAM", "BEAST", "LUCKY13", "GREASE"}

CIPHERS = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256",
           "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"]
CURVES = {"x25519", "secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)"}


class Posture(story.Story):
    # The most that a door can be asked to do.
    door_keys = {"egress": "client_certificates = true"}

    def ports(self):
        return {door: getattr(self.demo.ports, door) for door in ("egress", "public", "admin")}

    def scan(self, door, port):
        report = self.folder / f"{door}.json"
        run = subprocess.run(["testssl", *TESTSSL, "--add-ca", self.demo.ca_file, "--jsonfile", str(report),
                              f"https://localhost:{port}"], capture_output=True, text=True, timeout=500, check=False,
                             stdin=subprocess.DEVNULL)
        self.assertTrue(report.exists(), f"testssl wrote no report ({run.returncode}):\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        return json.loads(report.read_text())

    def test_testssl_finds_nothing_but_what_is_on_the_list(self):
        if not shutil.which("testssl"):
            self.fail("testssl is missing; `./dev test` installs it (Debian's testssl.sh)")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            reports = dict(zip(self.ports(), pool.map(self.scan, *zip(*self.ports().items()))))
        for door, report in reports.items():
            with self.subTest(door):
                accepted = {**EVERYWHERE, **ONLY_AT[door]}
                found = [f"{one['severity']} {one['id']}: {one['finding']}" for one in report
                         if one["severity"] in SERIOUS and one["id"] not in accepted]
                self.assertEqual(found, [])
                made = {one["id"] for one in report}
                self.assertEqual(MADE - made, set(), "checks that were not made")
                self.assertTrue({"HSTS", "HSTS_time"} & made)

    def test_sslscan_sees_two_versions_three_curves_and_six_ciphers(self):
        for door, port in self.ports().items():
            with self.subTest(door):
                run = subprocess.run(["sslscan", "--xml=-", "--no-colour", "--show-sigs", f"localhost:{port}"],
                                     capture_output=True, text=True, timeout=120, check=True)
                seen = xml.fromstring(run.stdout).find("ssltest")
                versions = {(one.get("type"), one.get("version")): one.get("enabled") for one in seen.iter("protocol")}
                self.assertEqual(len(versions), 6)
                self.assertEqual({version for version, enabled in versions.items() if enabled == "1"},
                                 {("tls", "1.2"), ("tls", "1.3")})
                self.assertEqual([one.get("cipher") for one in seen.iter("cipher")], CIPHERS)
                self.assertEqual({one.get("name") for one in seen.iter("group")}, CURVES)
                self.assertEqual({one.get("supported") for one in seen.iter("compression")} - {"0"}, set())
                self.assertEqual(seen.find("renegotiation").get("supported"), "0")
                self.assertEqual({one.get("vulnerable") for one in seen.iter("heartbleed")}, {"0"})
                signatures = {one.get("name") for one in seen.iter("connection-signature-algorithm")}
                self.assertTrue(signatures)
                self.assertFalse([name for name in signatures if "sha1" in name.lower() or "sha224" in name.lower()])


if __name__ == "__main__":
    story.main()
