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
        self.lines.put(None)

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
            written, deadline = [], time.monotonic() + within
            while True:
                try:
                    line = self.lines.get(timeout=max(0, deadline - time.monotonic()))
                except queue.Empty:
                    raise AssertionError(f"not done within {within} s:\n{commands}\nso far:\n{''.join(written)}") from None
                if line is None:
                    raise AssertionError(f"failed:\n{commands}\nit wrote:\n{''.join(written)}")
                if line.endswith(f"{end}\n"):
                    return "".join(written)
                written.append(line)

    def close(self):
        """Ends the shell and everything that it started."""
        try:
            os.killpg(self.shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.shell.wait()
        self.shell.stdin.close()
        self.shell.stdout.close()
