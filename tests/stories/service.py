# SPDX-License-Identifier: Apache-2.0
"""The gateway as a service: what it tells the service manager that started it, and when."""
import os
import pathlib
import queue
import signal
import socket
import tempfile
import threading
import time

import story


class UnderAServiceManager(story.Story):
    @classmethod
    def setUpClass(cls):
        cls.run_folder = tempfile.TemporaryDirectory(prefix="hubward-notify-")
        path = pathlib.Path(cls.run_folder.name) / "notify"
        cls.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        cls.manager.bind(str(path))
        cls.words = queue.Queue()
        # Listens all the time, as a service manager does: a full socket would make the gateway wait.
        threading.Thread(target=cls.listen, daemon=True).start()
        cls.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "300000"}
        super().setUpClass()

    @classmethod
    def listen(cls):
        while word := cls.manager.recv(4096):
            cls.words.put(word.decode())

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.manager.shutdown(socket.SHUT_RD)
        cls.run_folder.cleanup()

    def told(self):
        """The next word but for signs of life."""
        while True:
            lines = self.words.get(timeout=20).split("\n")
            if lines != ["WATCHDOG=1"]:
                return dict(line.split("=", 1) for line in lines)

    def test_start_reload_watchdog_and_stop(self):
        self.assertEqual(self.told(), {"READY": "1", "STATUS": "Serving"})
        self.assertEqual(self.words.get(timeout=20), "WATCHDOG=1", "the loop shows that it turns")

        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.demo.gateway.send_signal(signal.SIGHUP)
        reloading = self.told()
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertGreaterEqual(int(reloading["MONOTONIC_USEC"]), before)
        self.assertEqual(self.told(), {"READY": "1", "STATUS": "Serving"})

        self.demo.config.write_text(self.demo.config.read_text() + "\n[nonsense]\n")
        self.demo.gateway.send_signal(signal.SIGHUP)
        self.assertEqual(self.told()["RELOADING"], "1")
        refused = self.told()
        self.assertEqual(refused["READY"], "1")
        self.assertIn("refused", refused["STATUS"])

        os.kill(self.demo.gateway.pid, signal.SIGTERM)
        stopping = self.told()
        self.assertEqual(stopping["STOPPING"], "1")
        # stop_grace_ms is 30,000 unless configured.
        self.assertGreater(int(stopping["EXTEND_TIMEOUT_USEC"]), 30_000_000)
        self.assertEqual(self.demo.gateway.wait(20), 0)
        self.demo.gateway = None


if __name__ == "__main__":
    story.main()
