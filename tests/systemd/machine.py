"""A systemd that has booted: in a container that sees this machine's files, and changes none of them."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# What is written goes into memory, and is gone with the container, whose mounts nobody else sees.
BOOT = """
set -eu
mount -t tmpfs none "$1"
mkdir "$1/written" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/written,workdir=$1/work" "$1/root"
shift
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe --directory "$@"
"""
# Nothing of this machine is started, and nobody waits for a network that is not there.
KERNEL = ["systemd.unit=basic.target", *(
    f"systemd.mask={name}-wait-online.service" for name in ["systemd-networkd", "NetworkManager", "ifupdown"]
)]


def is_first(process: str) -> bool:
    """Whether this is a systemd with process numbers of its own."""
    try:
        name = Path(f"/proc/{process}/comm").read_text()
        return name == "systemd\n" and os.readlink(f"/proc/{process}/ns/pid") != os.readlink("/proc/self/ns/pid")
    except FileNotFoundError:
        return False


class Machine:
    """Needs root, and ends with `close`."""

    def __init__(self, visible: list[Path]):
        self.folder = tempfile.TemporaryDirectory()
        binds = [f"--bind-ro={path}" for path in visible]
        self.container = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", BOOT, "sh", self.folder.name, f"{self.folder.name}/root", *binds,
             "--boot", *KERNEL],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
        try:
            self.wait_for("systemctl is-active --quiet basic.target")
        except AssertionError:
            self.close()
            raise

    def first_processes(self) -> list[str]:
        """The systemd that has the number 1 inside, as it is numbered outside, once there is one.

        By its namespace: commands for the container must never run outside of it.
        """
        children = Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        return [process for process in children if is_first(process)]

    def run(self, script: str) -> subprocess.CompletedProcess:
        """What these commands did, all of which have to succeed."""
        if not (first := self.first_processes()):
            return subprocess.CompletedProcess(script, 1, "", "the container has not begun")
        return subprocess.run(
            ["nsenter", "--target", first[0], "--all", "bash", "-euo", "pipefail", "-s"],
            input=script, capture_output=True, text=True, check=False, timeout=120,
        )

    def wait_for(self, script: str) -> str:
        """Runs this until it succeeds; what it wrote."""
        deadline = time.monotonic() + 60
        while (done := self.run(script)).returncode != 0:
            if self.container.poll() is not None:
                raise AssertionError(f"there is no container any more: {self.container.stdout.read()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited for: {script}\n{done.stdout}{done.stderr}")
            time.sleep(0.2)
        return done.stdout

    def close(self):
        # With the first process of a container the kernel ends all others; without it, they would live on.
        if self.container.poll() is None:
            for process in self.first_processes():
                os.kill(int(process), signal.SIGKILL)
        self.container.terminate()
        self.container.wait()
        self.container.stdout.close()
        self.folder.cleanup()
