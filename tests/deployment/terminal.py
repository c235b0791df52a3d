"""Somebody at a terminal with bash, who enters one block of commands after the other."""

import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

# A command that fails ends the shell, and says which one it was.
STRICT = "set -Eeuo pipefail\ntrap 'echo \"FAILED with $?: $BASH_COMMAND\"' ERR\n"


class Terminal:
    def __init__(self, folder: Path, environment: dict[str, str]):
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._enter(STRICT)

    def _read(self):
        for line in self.shell.stdout:
            self.lines.put(line)

    def _enter(self, text: str):
        self.shell.stdin.write(text)
        self.shell.stdin.flush()

    def run(self, commands: str, within: float = 60) -> str:
        """What these commands wrote, which have to succeed within so many seconds."""
        end = "that was all of it"
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
            script.write(commands)
            script.flush()
            # From a file, so that no command can read those that follow.
            self._enter(f"source {script.name} < /dev/null\necho '{end}'\n")
            written, deadline = "", time.monotonic() + within
            while not written.endswith(f"{end}\n"):
                # What runs in the background may hold the output open when the shell has ended.
                has_ended = self.shell.poll() is not None
                try:
                    written += self.lines.get(timeout=0.5)
                except queue.Empty:
                    if has_ended:
                        raise AssertionError(f"failed:\n{commands}\nit wrote:\n{written}") from None
                    if time.monotonic() > deadline:
                        raise AssertionError(f"not done in {within} s:\n{commands}\nso far:\n{written}") from None
            return written.removesuffix(f"{end}\n")

    def close(self):
        """Ends the shell and everything that it started."""
        try:
            os.killpg(self.shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.shell.wait()
        self.shell.stdin.close()
        self.shell.stdout.close()
