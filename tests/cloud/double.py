"""The edge and its control plane as the real binary, and keys for it."""

import json
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
import uuid

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# Any will do: the double looks at the form of a signature, not at who signed.
CREDENTIALS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
PROTECTED = "/podcasts/*"
EPISODE = "/podcasts/1.mp3"


class Double:
    """`edgemint edge --control-plane` with one protected path, until it is closed."""

    def __init__(self, *flags):
        self._media = tempfile.TemporaryDirectory()
        os.mkdir(os.path.join(self._media.name, "podcasts"))
        with open(os.path.join(self._media.name, EPISODE[1:]), "wb") as file:
            file.write(b"sound")
        command = [os.environ["EDGEMINT_BIN"], "edge", "--listen", "127.0.0.1:0", "--origin", self._media.name]
        command += ["--control-plane", "127.0.0.1:0", "--protect", PROTECTED, *flags]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.edge = self._line(r"edge listening on (http://\S+)")
        self.endpoint = self._line(r"control plane listening on (http://\S+)")
        self.distribution = self._line(r"distribution (E[A-Z0-9]{13})")
        self.group = self._line(r"key group ([0-9a-f-]{36})")

    def _line(self, pattern):
        line = self._process.stdout.readline()
        found = re.fullmatch(pattern + r"\n", line)
        if not found:
            self.close()
            raise AssertionError(f"{line!r} is not {pattern!r}")
        return found.group(1)

    def close(self):
        self._process.terminate()
        code = self._process.wait(timeout=30)
        self._process.stdout.close()
        self._log.seek(0)
        self.log = self._log.read().decode()
        self._log.close()
        self._media.cleanup()
        assert code == 0, (code, self.log)
        assert "panicked" not in self.log, self.log

    def client(self, retries=0, mode="standard", **config):
        """A boto3 client that asks at most this many times more."""
        config = Config(retries={"total_max_attempts": retries + 1, "mode": mode}, **config)
        return boto3.client("cloudfront", endpoint_url=self.endpoint, config=config, **CREDENTIALS)

    def faults(self, *rules):
        """Replaces the faults that strike from now on."""
        return self._admin("PUT", "faults", list(rules))

    def calls(self):
        """What was carried out or refused, as the double saw it."""
        return self._admin("GET", "calls")["calls"]

    def forget_calls(self):
        self._admin("DELETE", "calls")

    def _admin(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.ask(method, f"{self.endpoint}/_edgemint/{what}", data=data)
        assert status < 300, text
        return json.loads(text) if text else None

    @staticmethod
    def ask(method, url, headers=None, data=None):
        """Status, headers and body of one request by no SDK."""
        request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()


def rsa_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def public_pem(key, form=serialization.PublicFormat.SubjectPublicKeyInfo):
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def private_pem(key):
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def key_config(name=None, key=None, **more):
    """A PublicKeyConfig, of a new P-256 key unless one is given."""
    name = name or f"key-{uuid.uuid4()}"
    config = {"CallerReference": f"reference of {name}", "Name": name, "EncodedKey": public_pem(key or ec_key())}
    return {**config, **more}


def group_config(*keys, name=None, **more):
    return {"Name": name or f"group-{uuid.uuid4()}", "Items": list(keys), **more}
