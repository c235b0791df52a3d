"""deploy/README.md, "Two instances on one machine": its commands as they stand, and nothing but the files they name.

Run by alone.sh, as the commands use fixed ports. EDGEMINT_BIN is the binary.
"""

import json
import os
import re
import shutil
import signal
import stat
import tempfile
import time
import unittest
from pathlib import Path

from document import steps
from terminal import Terminal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIRST_KEY = "K2JCJMDEHXQW5F"
# Besides the one of the chapter, so that something is under way at every moment.
OTHER_LISTENERS = ["u-21", "u-22"]


# A state in /proc/net/tcp.
LISTEN = "0A"


def sockets() -> list[list[str]]:
    """The fields of each TCP socket of this network (proc(5))."""
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def unread_bytes(port: int) -> bool:
    """Whether a connection to this port has bytes that nobody has read yet."""
    ours = (socket for socket in sockets() if socket[1].endswith(f":{port:04X}") and socket[3] != LISTEN)
    return any(int(socket[4].split(":")[1], 16) > 0 for socket in ours)


class TwoInstances(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clone = Path(folder.name)
        self.two = self.clone / "two"
        # The README and deploy/ have to be enough.
        shutil.copytree(ROOT / "deploy", self.clone / "deploy")
        shutil.copy(ROOT / "README.md", self.clone)
        programs = self.clone / "bin"
        programs.mkdir()
        (programs / "edgemint").symlink_to(Path(os.environ["EDGEMINT_BIN"]).resolve())
        (programs / "valkey-server").symlink_to(HERE / ".valkey/bin/valkey-server")
        path = f"{programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin"
        self.terminal = Terminal(self.clone, {"PATH": path, "HOME": folder.name, "LC_ALL": "C"})
        self.addCleanup(self.terminal.close)
        self.ahead = steps(self.clone / "deploy/README.md", "Two instances on one machine")

    def test_it_does_what_it_says(self):
        self.set_up_two_instances()
        self.let_a_listener_in()
        self.follow("Somebody listens")
        self.let_others_listen()
        self.kill_an_instance()
        self.rotate()
        self.look_at_the_metrics()
        self.upgrade()
        self.nobody_was_refused()
        self.shut_a_listener_out()
        self.clean_up()
        self.assertEqual([step.title for step in self.ahead], [], "steps that no test looks at")

    def follow(self, title: str, within: float = 60) -> str:
        """Enters the next block of the chapter, which is about this; what it wrote."""
        step = self.ahead.pop(0)
        self.assertEqual(step.title, title)
        return self.terminal.run(step.commands, within)

    def set_up_two_instances(self):
        self.follow("Secrets and the store")
        self.follow("The first key, and the edge that trusts it")
        said = self.follow("Two instances")
        self.assertRegex(said, r"(?m)^remembers in +Redis at 127\.0\.0\.1:6379, .*, which answers;")
        self.assertEqual(said.splitlines().count("ready"), 2)
        self.follow("nginx")
        for name in ["ticket.key", "session.key", "api.key", "redis.url", "valkey.acl", "tls.key"]:
            self.assertEqual(stat.S_IMODE((self.two / name).stat().st_mode), 0o600, name)
        # Valkey, and not what other tests use in its place.
        self.assertIn("Valkey version=9", (self.two / "valkey.log").read_text())
        for instance in "01":
            self.assertNotIn("maxmemory-policy", (self.two / f"{instance}.log").read_text())

    def let_a_listener_in(self):
        said = self.follow("A listener")
        self.assertEqual(said.split("\n")[:-1], ["hear 403", "enter 303", "hear 206", "renew 200", "renew 200"])
        self.assertEqual(sorted(self.who("/renew", "minted")), ["0", "1"])
        self.terminal.run(
            "curl -sS --cacert tls.pem --connect-to ::127.0.0.1:8443 --cookie u-17.jar -r 1000-1999"
            " -o heard https://cdn.example.com/podcasts/1.mp3"
        )
        episode = (self.two / "media/podcasts/1.mp3").read_bytes()
        self.assertEqual((self.two / "heard").read_bytes(), episode[1000:2000])
        self.assertEqual(self.follow("A listener").splitlines(), ["enter 303", "enter 401"])
        # It was the other instance that refused the ticket.
        self.assertEqual({*self.who("/enter", "refused"), self.who("/enter", "minted")[-1]}, {"0", "1"})

    def let_others_listen(self):
        for listener in OTHER_LISTENERS:
            self.terminal.run(f'enter {listener} "$(ticket {listener})"')
            self.terminal.run(f'listen {listener} > {listener}.log 2>&1 &\nothers="${{others:-}} $!"')

    def kill_an_instance(self):
        dead = self.pid("0")
        # With a request that it has begun with, which takes it to stand still for a moment.
        os.kill(int(dead), signal.SIGSTOP)
        self.wait_for(lambda: unread_bytes(8080), "a request to the one that will die")
        self.follow("An instance dies")
        self.assertNotEqual(self.pid("0"), dead)
        errors = (self.two / "edgemint.error.log").read_text()
        self.assertRegex(errors, r"Connection refused|prematurely closed|reset by peer", "it died unnoticed")
        known = len(self.who("/renew", "minted"))
        self.wait_for(lambda: set(self.who("/renew", "minted")[known:]) >= {"0"}, "the new one to be asked")

    def rotate(self):
        said = self.follow("The key is rotated", within=180)
        events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        done = [event["step"] for event in events if event["event"] == "done"]
        self.assertEqual(done, ["note-cookie-life", "publish", "trust", "prove", "activate", "untrust", "delete"])
        (key,) = events[-1]["keys"]
        self.assertEqual((events[-1]["event"], key["state"]), ("finished", "active"))
        self.new_key = key["key_pair_id"]
        self.assertNotEqual(self.new_key, FIRST_KEY)
        (event,) = map(json.loads, self.follow("The key is rotated").splitlines())
        self.assertEqual(event["event"], "finished")

    def look_at_the_metrics(self):
        pages = self.follow("It is all to be seen").split("# EOF\n")
        self.assertEqual((len(pages), pages[2]), (3, ""))
        for page in pages[:2]:
            self.assertIn(f'edgemint_active_key_info{{key_pair_id="{self.new_key}",', page)
            self.assertNotIn(FIRST_KEY, page)
            self.assertRegex(page, r"(?m)^edgemint_keyring_reloads_total [1-9]")
            self.assertRegex(page, r"(?m)^edgemint_keyring_failed_reloads_total 0$")
            self.assertRegex(page, r'(?m)^edgemint_mints_total\{grant="podcasts",provider="own"\} [1-9]')
            self.assertRegex(page, r"(?m)^edgemint_shared_signature_hits_total [1-9]")
            # The ticket that was used twice is not among them: one instance has been started again since.
            self.assertEqual(re.findall(r'(?m)^edgemint_refusals_total\{route="/renew".*', page), [])

    def upgrade(self):
        before = [self.pid("0"), self.pid("1")]
        self.assertEqual(self.follow("An upgrade").splitlines()[-1], "ready")
        for instance, pid in zip("01", before):
            self.assertNotEqual(self.pid(instance), pid)
        known = len(self.who("/renew", "minted"))
        self.wait_for(lambda: set(self.who("/renew", "minted")[known:]) == {"0", "1"}, "both to be asked again")

    def nobody_was_refused(self):
        counted = self.follow("Nothing of all this was to be heard")
        self.terminal.run("kill $others")
        self.assertEqual(re.findall(r"(?m)^ *\d+ (.*)$", counted), ["hear 206", "renew 200"])
        for listener in OTHER_LISTENERS:
            heard = (self.two / f"{listener}.log").read_text().splitlines()
            self.assertEqual(set(heard), {"hear 206", "renew 200"})
            self.assertGreater(len(heard), 100)

    def shut_a_listener_out(self):
        self.assertEqual(set(self.who("/renew", "refused")), set())
        told, *refused = self.follow("A listener is shut out").replace("}", "}\n").splitlines()
        self.assertEqual(json.loads(told)["cookies_end_by"] - json.loads(told)["refused_from"], 11)
        self.assertEqual(refused, ["renew 401", "renew 401"])
        self.wait_for(lambda: set(self.who("/renew", "refused")) == {"0", "1"}, "both to have refused")
        pages = self.terminal.run("curl -sS http://127.0.0.1:9460/metrics http://127.0.0.1:9461/metrics")
        counted = r'(?m)^edgemint_refusals_total\{route="/renew",provider="own",code="session_refused"\} 1$'
        self.assertEqual(len(re.findall(counted, pages)), 2, pages)
        others = self.terminal.run('enter u-23 "$(ticket u-23)"\nrenew u-23')
        self.assertEqual(others.splitlines(), ["enter 303", "renew 200"])

    def clean_up(self):
        self.follow("The end")
        self.assertFalse(self.two.exists())
        self.assertEqual([socket for socket in sockets() if socket[3] == LISTEN], [], "something listens on")

    def pid(self, instance: str) -> str:
        return (self.two / f"{instance}.pid").read_text()

    def audit(self, route: str, message: str) -> list[tuple[str, str]]:
        """When and by which instance the audit says this of requests to the route, in order."""
        found = []
        for instance in "01":
            for line in (self.two / f"{instance}.log").read_text().splitlines():
                entry = json.loads(line) if line.startswith("{") else {}
                if (entry.get("route"), entry.get("message")) == (route, message):
                    found.append((entry["timestamp"], instance))
        return sorted(found)

    def who(self, route: str, message: str) -> list[str]:
        return [instance for _, instance in self.audit(route, message)]

    def wait_for(self, reached, what: str):
        deadline = time.monotonic() + 30
        while not reached():
            self.assertLess(time.monotonic(), deadline, f"waited for {what}")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
