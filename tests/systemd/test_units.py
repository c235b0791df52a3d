"""The units of deploy/systemd under a systemd that runs, installed as the README says. Needs root.

EDGEMINT_BIN is the binary.
"""

import json
import os
import unittest
from pathlib import Path

from machine import Machine

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ["EDGEMINT_BIN"]).resolve()
VALKEY = ROOT / "tests/deployment/.valkey/bin"
# Commands of the README's chapter, which have to stand there like this.
SYSTEM_USER = "systemd-sysusers"
STATE = "install -d -o edgemint -g edgemint -m 700 /var/lib/edgemint"
FIRST_KEY = "runuser -u edgemint -- edgemint keys init --dir /var/lib/edgemint/keys"
ACTIVATE = "runuser -u edgemint -- edgemint keys activate"
ENABLE = "systemctl enable --now edgemint.service edgemint-advance.timer"
ROTATE = "systemctl start edgemint-keys@rotate"

FILES = f"""
install -m 755 {BINARY} /usr/local/bin/edgemint
install -D -m 644 {ROOT}/deploy/systemd/edgemint.sysusers.conf /usr/lib/sysusers.d/edgemint.conf
install -m 644 {ROOT}/deploy/systemd/*.service {ROOT}/deploy/systemd/*.timer /etc/systemd/system
install -D -m 644 {ROOT}/deploy/own-host.toml /etc/edgemint/edgemint.toml
cd /etc/edgemint
umask 077
openssl rand -base64 48 > ticket.key
openssl rand -base64 48 > session.key
openssl rand -hex 32 > api.key
echo redis://127.0.0.1:6379/0 > redis.url
systemd-run --quiet --unit valkey {VALKEY}/valkey-server --bind 127.0.0.1 --maxmemory-policy noeviction
"""
# In the place of CloudFront, and of the minutes that a rotation there takes.
EDGE = """
mkdir -p /root/media/podcasts && cd /root && echo canary > media/podcasts/canary.txt
systemd-run --quiet --unit edge --working-directory=/root edgemint edge --listen 127.0.0.1:8082 --origin media \\
  --control-plane 127.0.0.1:8083 --propagation 0s --protect '/podcasts/*' --trust K2JCJMDEHXQW5F=/root/public.pem
until journalctl --unit edge --output cat | grep -q '^key group '; do sleep 0.1; done
mkdir /etc/systemd/system/edgemint-keys@.service.d
cat > /etc/systemd/system/edgemint-keys@.service.d/here.conf <<END
[Service]
Environment=EDGEMINT_ROTATION__KEY_GROUP=$(journalctl --unit edge --output cat | sed -n 's/^key group //p')
Environment=EDGEMINT_ROTATION__ENDPOINT_URL=http://127.0.0.1:8083 EDGEMINT_ROTATION__PROOF_INTERVAL=100ms
Environment=EDGEMINT_ROTATION__CANARY=http://127.0.0.1:8082/podcasts/canary.txt
Environment=AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1
END
systemctl daemon-reload
"""
READY = "edgemint healthcheck --ready --config /etc/edgemint/edgemint.toml"


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine([ROOT, BINARY.parent])
        cls.addClassCleanup(cls.machine.close)
        readme = " ".join((ROOT / "README.md").read_text().split())
        for command in [SYSTEM_USER, STATE, FIRST_KEY, ACTIVATE, ENABLE, ROTATE]:
            assert f"`{command}" in readme, f"README.md does not say {command}"
        activate = 'runuser -u edgemint -- edgemint keys activate "$(basename /var/lib/edgemint/keys/*.pem .pem)"'
        cls.must(
            f"{FILES}\numask 022\n{SYSTEM_USER}\n{STATE}\n{FIRST_KEY} > /root/public.pem\n"
            f"{activate} --dir /var/lib/edgemint/keys --key-pair-id K2JCJMDEHXQW5F\n{ENABLE}\n{EDGE}"
        )
        cls.machine.wait_for(READY)

    @classmethod
    def must(cls, script: str) -> str:
        done = cls.machine.run(script)
        assert done.returncode == 0, f"{script}\nexit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def show(self, unit: str, *names: str) -> list[str]:
        return [self.must(f"systemctl show --value --property {name} {unit}").strip() for name in names]

    def journal(self, unit: str) -> str:
        return self.must(f"journalctl --unit {unit} --output cat --no-pager")

    def test_secrets_are_the_service_s_alone_and_it_may_do_little(self):
        listed = self.must("stat --format '%U %a %n' /run/credentials/edgemint.service/*")
        self.assertEqual(len(listed.splitlines()), 5, listed)
        folders = {line.rsplit("/", 1)[0] for line in listed.splitlines()}
        self.assertEqual(folders, {"edgemint 400 /run/credentials/edgemint.service"})
        (pid,) = self.show("edgemint", "MainPID")
        lines = self.must(f"cat /proc/{pid}/status").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        self.assertEqual((status["CapBnd"], status["NoNewPrivs"], status["Seccomp"]), ("0" * 16, "1", "2"))
        mounts = self.must(f"cat /proc/{pid}/mountinfo").splitlines()
        root = next(fields for fields in map(str.split, mounts) if fields[4] == "/")
        self.assertIn("ro", root[5].split(","))

    def test_reload_has_the_keyring_looked_at(self):
        self.must("systemctl reload edgemint")
        self.machine.wait_for("journalctl --unit edgemint --output cat | grep -q 'SIGHUP: the keyring is looked at'")

    def test_what_is_killed_is_started_again_and_what_is_stopped_ends_well(self):
        self.must('kill -9 "$(systemctl show --value --property MainPID edgemint)"')
        self.machine.wait_for("[ $(systemctl show --value --property NRestarts edgemint) = 1 ]")
        self.machine.wait_for(READY)
        self.must("systemctl stop edgemint")
        self.assertEqual(self.show("edgemint", "Result", "ExecMainStatus"), ["success", "0"])
        self.must("systemctl start edgemint")
        self.machine.wait_for(READY)

    def test_a_rotation_begins_and_the_timer_goes_on(self):
        # Exit code 3 is a success, or this would not be one.
        self.must(ROTATE)
        events = [json.loads(line) for line in self.journal("edgemint-keys@rotate").splitlines() if line.startswith("{")]
        self.assertEqual(events[-1]["event"], "remains")
        states = {key["state"]: key["key_pair_id"] for key in events[-1]["keys"]}
        self.assertEqual(states["retiring"], "K2JCJMDEHXQW5F")
        self.machine.wait_for(
            f"journalctl --unit edgemint --output cat | grep -q '\"new_key\":\"{states['active']}\"'"
        )
        self.must("systemctl start edgemint-keys@advance")
        self.assertEqual(self.show("edgemint-keys@advance", "Result", "ExecMainStatus"), ["success", "3"])
        self.assertIn("edgemint-keys@advance.service", self.must("systemctl list-timers --no-pager"))

    def test_root_is_not_told_to_take_the_keyring_away(self):
        done = self.machine.run("edgemint keys list --dir /var/lib/edgemint/keys")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("this is root: run this as that user", done.stderr)

    def test_a_secret_that_is_missing_stops_the_start(self):
        self.must("systemctl stop edgemint && mv /etc/edgemint/api.key /root")
        refused = self.machine.run("systemctl start edgemint")
        self.must("mv /root/api.key /etc/edgemint && systemctl start edgemint")
        self.machine.wait_for(READY)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("Failed at step CREDENTIALS", self.journal("edgemint"))


if __name__ == "__main__":
    unittest.main()
