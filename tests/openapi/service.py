"""The service as the real binary, and what a web app would hand out: tickets, API keys, tokens."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import subprocess
import tempfile
import time
from pathlib import Path

APP = "https://www.example.com"
PUBLIC = "https://listen.example.com"

BASICS = f"""
[server]
listen = "127.0.0.1:0"
workers = 1
public_url = "{PUBLIC}"
base_path = "BASE_PATH"
app_origins = ["{APP}"]

# What follows is the same for everybody, but for the last.
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
cookie = {{ domain = "example.com" }}
[[grants]]
name = "music"
resource = "https://cdn.example.com/music/*"
ttl = "5m"
cookie = {{ domain = "example.com" }}
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{{sub}}/*"
ttl = "5m"
cookie = {{ domain = "example.com" }}
"""

TICKETS = f"""
[ticket]
issuer = "{APP}"
audience = "{PUBLIC}"
[[ticket.keys]]
algorithm = "HS256"
secret = {{ env = "TICKET_SECRET" }}
"""

SESSIONS = """
[session]
secrets = [{ env = "SESSION_SECRET" }]
"""

TOKENS = f"""
[jwt]
bearer = true
issuer = "{APP}"
audience = "{PUBLIC}"
[[jwt.keys]]
algorithm = "HS256"
secret = {{ env = "TICKET_SECRET" }}
"""

API_KEYS = """
[[api_keys]]
name = "app"
secret = { env = "API_KEY" }
"""


class Service:
    """`edgemint serve` with these sections, until it is closed."""

    def __init__(self, *sections, base_path=""):
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "edgemint.toml").write_text("".join([BASICS.replace("BASE_PATH", base_path), *sections]))
        binary = str(Path(os.environ["EDGEMINT_BIN"]).resolve())
        self.secrets = {name: secrets.token_urlsafe(48) for name in ("TICKET_SECRET", "SESSION_SECRET", "API_KEY")}
        home = {"PATH": os.environ["PATH"], **self.secrets}
        init = ["keys", "init", "--dir", "keys", "--algorithm", "ecdsa-p256", "--key-pair-id", "KTEST"]
        subprocess.run([binary, *init], cwd=folder, env=home, check=True, capture_output=True)
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [binary, "serve", "--config", "edgemint.toml"],
            cwd=folder, env=home, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )
        line = self._process.stdout.readline()
        found = re.fullmatch(r"edgemint listening on (http://\S+)\n", line)
        if not found:
            self.close()
            raise AssertionError(f"it did not start: {line!r}\n{self.log}")
        self.url = found.group(1) + base_path

    def close(self):
        self._process.terminate()
        code = self._process.wait(timeout=60)
        self._process.stdout.close()
        self._log.seek(0)
        self.log = self._log.read().decode()
        self._log.close()
        self._folder.cleanup()
        assert code == 0, (code, self.log)
        assert "panicked" not in self.log, self.log
        for name, secret in self.secrets.items():
            assert secret not in self.log, f"{name} is in the log"


NUMBERS = itertools.count()


def jwt(secret, **claims):
    """A ticket or a token, put together by hand: good for a minute, and never the same twice."""
    now = int(time.time())
    jti = f"{os.getpid()}-{next(NUMBERS)}"
    claims = {"iss": APP, "aud": PUBLIC, "sub": "listener-7", "iat": now, "exp": now + 60, "jti": jti, **claims}
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(base64url(part) for part in parts)
    signature = hmac.digest(secret.encode(), signed, hashlib.sha256)
    return (signed + b"." + base64url(signature)).decode()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
