"""A script of all calls by the AWS CLI, as people write it, and what a shell sees of errors."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from double import CREDENTIALS, Double, ec_key, key_config, public_pem


class AwsCli(unittest.TestCase):
    def setUp(self):
        self.double = Double("--propagation", "0s")
        self.addCleanup(self.double.close)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def run_aws(self, *arguments):
        command = [os.path.join(os.path.dirname(sys.executable), "aws"), "--endpoint-url", self.double.endpoint]
        environment = {
            "PATH": os.environ["PATH"],
            # No configuration of the person who runs the tests.
            "HOME": self.directory.name,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": CREDENTIALS["region_name"],
            "AWS_MAX_ATTEMPTS": "1",
        }
        command += ["--output", "json", "cloudfront", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    def aws(self, *arguments):
        done = self.run_aws(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def file(self, name, content):
        path = os.path.join(self.directory.name, name)
        with open(path, "w") as file:
            json.dump(content, file)
        return f"file://{path}"

    def test_all_calls(self):
        key = {"CallerReference": "2026-11", "Name": "november", "EncodedKey": public_pem(ec_key())}
        created = self.aws("create-public-key", "--public-key-config", self.file("key.json", key))
        identity = created["PublicKey"]["Id"]
        self.assertEqual(created["PublicKey"]["PublicKeyConfig"], key)
        got = self.aws("get-public-key", "--id", identity)
        self.assertEqual((got["PublicKey"], got["ETag"]), (created["PublicKey"], created["ETag"]))
        self.assertEqual(self.aws("get-public-key-config", "--id", identity)["PublicKeyConfig"], key)
        commented = {**key, "Comment": "of the podcasts"}
        place = ("--id", identity, "--if-match", created["ETag"])
        updated = self.aws("update-public-key", "--public-key-config", self.file("key.json", commented), *place)
        self.assertEqual(updated["PublicKey"]["PublicKeyConfig"], commented)
        listed = self.aws("list-public-keys")["PublicKeyList"]
        self.assertEqual([(item["Id"], item["Comment"]) for item in listed["Items"]], [(identity, "of the podcasts")])

        group = {"Name": "listeners", "Items": [identity]}
        made = self.aws("create-key-group", "--key-group-config", self.file("group.json", group))
        self.assertEqual(made["KeyGroup"]["KeyGroupConfig"], group)
        of_group = ("--id", made["KeyGroup"]["Id"])
        self.assertEqual(self.aws("get-key-group", *of_group)["KeyGroup"], made["KeyGroup"])
        self.assertEqual(self.aws("get-key-group-config", *of_group)["KeyGroupConfig"], group)
        self.assertEqual(self.aws("list-key-groups")["KeyGroupList"]["Quantity"], 2)
        group["Comment"] = "all of them"
        place = (*of_group, "--if-match", made["ETag"])
        made = self.aws("update-key-group", "--key-group-config", self.file("group.json", group), *place)
        self.assertEqual(made["KeyGroup"]["KeyGroupConfig"], group)

        # The edge's own group, by the shorthand of the command line.
        own = ("--id", self.double.group)
        version = self.aws("get-key-group", *own)["ETag"]
        shorthand = f"Name=edgemint-edge,Items={identity}"
        self.aws("update-key-group", "--key-group-config", shorthand, *own, "--if-match", version)
        distribution = self.aws("get-distribution", "--id", self.double.distribution)["Distribution"]
        active = distribution["ActiveTrustedKeyGroups"]["Items"]
        self.assertEqual(active[0]["KeyPairIds"]["Items"], [identity])
        self.aws("wait", "distribution-deployed", "--id", self.double.distribution)

        self.aws("delete-key-group", *of_group, "--if-match", made["ETag"])
        used = self.run_aws("delete-public-key", "--id", identity, "--if-match", updated["ETag"])
        self.assertEqual(used.returncode, 255)
        self.assertIn("(PublicKeyInUse)", used.stderr)
        # The last key of a group cannot be taken out of it, so another takes its place.
        other = {"CallerReference": "2026-12", "Name": "december", "EncodedKey": public_pem(ec_key())}
        other = self.aws("create-public-key", "--public-key-config", self.file("key.json", other))["PublicKey"]["Id"]
        version = self.aws("get-key-group", *own)["ETag"]
        shorthand = f"Name=edgemint-edge,Items={other}"
        self.aws("update-key-group", "--key-group-config", shorthand, *own, "--if-match", version)
        self.aws("delete-public-key", "--id", identity, "--if-match", updated["ETag"])
        gone = self.run_aws("get-public-key", "--id", identity)
        self.assertIn("(NoSuchPublicKey)", gone.stderr)
        stale = self.run_aws("delete-key-group", *own, "--if-match", version)
        self.assertIn("(PreconditionFailed)", stale.stderr)
        missing = self.run_aws("delete-key-group", *own)
        self.assertIn("(InvalidIfMatchVersion)", missing.stderr)

    def test_pages_of_the_command_line(self):
        for number in range(5):
            self.double.client().create_public_key(PublicKeyConfig=key_config(f"{number}"))
        items = self.aws("list-public-keys", "--page-size", "2", "--query", "PublicKeyList.Items[].Name")
        self.assertEqual(sorted(items), ["0", "1", "2", "3", "4"])
        calls = [entry["call"] for entry in self.double.calls()]
        self.assertEqual(calls.count("ListPublicKeys"), 3)


if __name__ == "__main__":
    unittest.main()
