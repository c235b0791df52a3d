"""`edgemint serve` with everything that it can ask others about."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from collector import DEADLINE, wait_for

SECRETS = {name: f"s3cret-of-the-{name}-in-this-test-alone-------" for name in ("api-key", "redis", "session")}
PAGE = {"Origin": "https://www.example.com", "Sec-Fetch-Site": "same-site", "Content-Type": "application/json"}
TRUSTING = 'trusted_proxies = ["127.0.0.1"]'


class Redis:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory()
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--requirepass", SECRETS["redis"]]
        self._process = subprocess.Popen(command, cwd=self._folder.name, stdout=subprocess.DEVNULL)
        wait_for("Redis", self._is_there)

    def _is_there(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


class Service:
    """The binary of EDGEMINT_OTLP_BIN with these lines of `[server]` and these sections, until it is closed."""

    def __init__(self, server="", sections="", environment=()):
        self._folder = tempfile.TemporaryDirectory()
        self._log = open(os.path.join(self._folder.name, "log"), "w+b")
        binary = os.environ["EDGEMINT_OTLP_BIN"]
        init = ["keys", "init", "--dir", "keys", "--algorithm", "ecdsa-p256", "--key-pair-id", "KTEST"]
        subprocess.run([binary, *init], cwd=self._folder.name, check=True, capture_output=True)
        with open(os.path.join(self._folder.name, "edgemint.toml"), "w") as file:
            file.write(CONFIGURATION.format(server=server, sections=sections))
        known = {"API_KEY": SECRETS["api-key"], "SESSION": SECRETS["session"], **dict(environment)}
        self._process = subprocess.Popen(
            [binary, "serve", "--config", "edgemint.toml"],
            cwd=self._folder.name,
            env={"PATH": os.environ["PATH"], **known},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        line = self._process.stdout.readline()
        found = re.fullmatch(r"edgemint listening on (http://\S+)\n", line)
        assert found, (line, self.log())
        self.url = found.group(1)

    def ask(self, path, headers=(), body=None, method=None):
        """Status, headers and body."""
        request = urllib.request.Request(self.url + path, body, dict(headers), method=method)
        opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=DEADLINE) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def probe(self, times):
        """Asks so often over one connection."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=DEADLINE)
        for _ in range(times):
            connection.request("GET", "/healthz")
            with connection.getresponse() as response:
                assert (response.status, response.read()) == (200, b'{"status":"ok"}')
        connection.close()

    def renew(self, headers=(), cookie="session=abc"):
        return self.ask("/renew", {**PAGE, "Cookie": cookie, **dict(headers)}, b"", "POST")

    def mint(self, grants, **members):
        headers = {"Authorization": f"Bearer {SECRETS['api-key']}", "Content-Type": "application/json"}
        return self.ask("/v1/mint", headers, json.dumps({"grants": grants, **members}).encode())

    def log(self):
        with open(self._log.name, "rb") as file:
            return file.read().decode()

    def lines(self, text):
        """Those of the log that hold this, once there is one."""
        find = lambda: [json.loads(line) for line in self.log().splitlines() if text in line]
        return wait_for(f"{text!r} in the log", find)

    def stop(self):
        """Seconds until it has ended by itself; then its log has been looked through."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=DEADLINE)
        took, log = time.monotonic() - began, self.log()
        assert code == 0, (code, log)
        assert "panicked" not in log, log
        for secret in SECRETS.values():
            assert secret not in log, "a secret is in the log"
        return took

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
public_url = "https://listen.example.com"
app_origins = ["https://www.example.com"]
workers = 2
{server}
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
cookie = {{ domain = "example.com" }}
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{{sub}}/*"
ttl = "5m"
cookie = {{ domain = "example.com" }}
[[api_keys]]
name = "app"
secret = {{ env = "API_KEY" }}
{sections}
"""
