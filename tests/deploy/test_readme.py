"""The commands of "First deployment on AWS", run as they stand against moto, with edgemint itself and the AWS CLI."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import boto3

from deploy_files import DEPLOY, said

# Terraform's provider is in no package registry, so what it would make and the commands need is made in its place.
TERRAFORM = """#!/bin/sh -eu
case "$*" in
  *" init") ;;
  *" apply "*"first_public_key_id=$KEY_PAIR_ID"*) aws secretsmanager create-secret --name edgemint/keyring ;;
  *) echo "no such call was expected: $*" >&2; exit 1 ;;
esac
"""


class FirstDeployment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.endpoint = cls.serve_aws()

        programs = cls.folder / "bin"
        programs.mkdir()
        (programs / "edgemint").symlink_to(Path(os.environ["EDGEMINT_BIN"]).resolve())
        (programs / "terraform").write_text(TERRAFORM)
        (programs / "terraform").chmod(0o755)
        (cls.folder / "deploy").symlink_to(DEPLOY)
        cls.environment = {
            "PATH": f"{programs}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(cls.folder),
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": cls.endpoint,
        }
        cls.aws = boto3.session.Session("test", "test", region_name="eu-west-1")
        blocks = re.findall(r"^```sh\n(.*?)^```", (DEPLOY / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        commands = "set -a\n" + "\n".join(blocks[:2])
        cls.done = cls.run_here("bash", "-euo", "pipefail", "-c", commands)

    @classmethod
    def serve_aws(cls) -> str:
        """Starts moto's server at a port that it chooses; where it listens."""
        log = cls.folder / "moto.log"
        with log.open("w") as output:
            program = Path(sys.executable).with_name("moto_server")
            server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stdout=output, stderr=output)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        deadline = time.monotonic() + 60
        while not (said_where := re.search(r"http://127\.0\.0\.1:[1-9]\d*", log.read_text())):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return said_where[0]

    @classmethod
    def run_here(cls, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, capture_output=True, text=True, cwd=cls.folder, env=cls.environment, check=False, timeout=120
        )

    def client(self, service: str):
        return self.aws.client(service, endpoint_url=self.endpoint)

    def setUp(self):
        self.assertEqual(self.done.returncode, 0, said(self.done))
        groups = self.client("cloudfront").list_key_groups()["KeyGroupList"]["Items"]
        (self.group,) = (group["KeyGroup"] for group in groups)
        (self.key,) = self.client("cloudfront").list_public_keys()["PublicKeyList"]["Items"]

    def test_the_first_key_signs_and_is_in_the_group(self):
        listed = self.run_here("edgemint", "keys", "--store", "secretsmanager:edgemint/keyring", "list", "--json")
        self.assertEqual(listed.returncode, 0, said(listed))
        (key,) = json.loads(listed.stdout)["keys"]
        self.assertEqual((key["state"], key["key_pair_id"]), ("active", self.key["Id"]))
        self.assertEqual(self.group["KeyGroupConfig"]["Items"], [self.key["Id"]])
        self.assertEqual(self.key["EncodedKey"], (self.folder / "public.pem").read_text())

    def test_the_stack_is_made_with_this_group(self):
        """Of its resources moto makes the bucket and the roles; it knows no others of them."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName="edgemint")["Stacks"]
        self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")
        given = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
        self.assertEqual((given["KeyGroupId"], given["BucketName"]), (self.group["Id"], "example-podcasts"))
        roles = self.client("iam").list_roles()["Roles"]
        policies = [self.client("iam").list_role_policies(RoleName=role["RoleName"])["PolicyNames"] for role in roles]
        self.assertEqual(sorted(policies), [["keyring"], ["rotation"]])
        buckets = [one["Name"] for one in self.client("s3").list_buckets()["Buckets"]]
        self.assertIn("example-podcasts", buckets)


if __name__ == "__main__":
    unittest.main()
