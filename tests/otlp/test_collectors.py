"""Collectors that are away, slow or broken: they cost spans and nothing else, and are spoken of once."""

import os
import subprocess
import tempfile
import time
import unittest

from collector import Collector, wait_for
from service import CONFIGURATION, SECRETS, Service

COMPLAINT = "the collector does not take traces"


def traces(url, timeout="1s"):
    return f'[traces]\nendpoint = "{url}/v1/traces"\ntimeout = "{timeout}"\n'


class Collectors(unittest.TestCase):
    def serve(self, url, timeout="1s"):
        service = Service("", traces(url, timeout))
        self.addCleanup(service.close)
        return service

    def collector(self):
        collector = Collector()
        self.addCleanup(collector.close)
        return collector

    def assert_serving(self, service, times=20):
        """Quickly, whatever the collector does."""
        for _ in range(times):
            began = time.monotonic()
            status, headers, _ = service.mint(["podcasts"])
            self.assertEqual(status, 200)
            self.assertNotIn("traceparent", headers)
            self.assertLess(time.monotonic() - began, 2)

    def complaint(self, service):
        """The only one."""
        [line] = service.lines(COMPLAINT)
        self.assertEqual(line["level"], "WARN")
        return line["reason"]

    def test_one_that_does_not_take_spans_is_spoken_of_once(self):
        for behaviour, reason in [
            ("fail", "it answered 500"),
            ("babble", "invalid HTTP version parsed"),
            ("hang", "operation timed out"),
            ("flood", None),
        ]:
            collector = self.collector()
            collector.behave = getattr(collector, behaviour)
            service = self.serve(collector.url)
            # Batch after batch.
            for number in range(1, 4):
                self.assert_serving(service)
                wait_for(f"batch {number} to one that does {behaviour}", lambda: len(collector.heads) >= number)
            took = service.stop()
            self.assertLess(took, 6, behaviour)
            if reason:
                self.assertIn(reason, self.complaint(service))
            log = service.log()
            self.assertNotIn("M4rk3r", log)
            self.assertLessEqual(log.count(COMPLAINT), 1, behaviour)

    def test_one_that_is_away_and_comes_back(self):
        collector = self.collector()
        url = collector.url
        collector.close()
        service = self.serve(url)
        for _ in range(3):
            self.assert_serving(service, 5)
            time.sleep(1.1)
        self.assertIn("Connection refused", self.complaint(service))
        self.assertLess(service.stop(), 6)
        self.assertEqual(service.log().count(COMPLAINT), 1)

        collector = self.collector()
        collector.behave = collector.fail
        service = self.serve(collector.url)
        self.assert_serving(service)
        self.complaint(service)
        collector.behave = collector.take

        def is_back():
            service.mint(["podcasts"])
            return "takes traces again" in service.log()

        wait_for("the collector's return", is_back)
        self.assertTrue(collector.spans())
        collector.behave = collector.fail
        wait_for("another complaint", lambda: service.mint(["podcasts"]) and service.log().count(COMPLAINT) == 2)
        service.stop()

    def test_one_that_hangs_while_many_ask_keeps_nobody_waiting_and_no_memory(self):
        collector = self.collector()
        collector.behave = collector.hang
        service = self.serve(collector.url, "30s")
        self.assert_serving(service, 200)
        wait_for("a batch", lambda: collector.heads)
        # More spans than may wait.
        service.probe(6_000)
        before = memory(service)
        service.probe(3_000)
        self.assertLess(memory(service) - before, 4 << 20)
        self.assert_serving(service)

    def test_a_build_without_the_feature_says_what_to_build(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "edgemint.toml"), "w") as file:
                file.write(CONFIGURATION.format(server="", sections=traces("http://127.0.0.1:9")))
            environment = {"PATH": os.environ["PATH"], "API_KEY": SECRETS["api-key"]}
            for command in ["serve", "check"]:
                ended = subprocess.run(
                    [os.environ["EDGEMINT_BIN"], command, "--config", "edgemint.toml"],
                    cwd=folder, env=environment, capture_output=True, text=True, timeout=20, check=False,
                )
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                self.assertRegex(ended.stderr, r"^(edgemint: )?edgemint\.toml:21:1: traces: this edgemint was built without ")
                self.assertIn("cargo build --release --features otlp", ended.stderr)


def memory(service):
    """Bytes that it holds."""
    with open(f"/proc/{service._process.pid}/status") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    unittest.main()
