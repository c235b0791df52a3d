"""The files of deploy/, and the programs that read them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def run(program: str, *arguments: object) -> subprocess.CompletedProcess:
    """Runs a program that was installed beside this Python, and gives back what it said."""
    command = [Path(sys.executable).with_name(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def said(done: subprocess.CompletedProcess) -> str:
    """All of its output, to show why a check failed."""
    return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
