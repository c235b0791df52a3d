"""deploy/cloudformation: what cfn-lint says of it, and that it is no rival of `edgemint keys rotate`."""

import re
import unittest

import template
from deploy_files import run, said


class Template(unittest.TestCase):
    def test_cfn_lint_finds_nothing(self):
        # I: also what is merely of interest. Rules that are off by default have other purposes.
        done = run("cfn-lint", "--include-checks", "I", "--", template.FILE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), said(done))

    def test_key_group_and_public_keys_are_not_in_the_stack(self):
        for type_ in ("AWS::CloudFront::KeyGroup", "AWS::CloudFront::PublicKey"):
            self.assertEqual(template.of_type(type_), [])
        pattern = template.TEMPLATE["Parameters"]["KeyGroupId"]["AllowedPattern"]
        self.assertRegex("2f1c1d2e-5a0b-4c3d-9e8f-0123456789ab", pattern)
        for wrong in ("K2JCJMDEHXQW5F", "edgemint", ""):
            self.assertIsNone(re.search(pattern, wrong), wrong)

    def test_the_keyring_is_made_empty_and_outlives_the_stack(self):
        (name,) = template.of_type("AWS::SecretsManager::Secret")
        self.assertEqual(template.properties(name).keys(), {"Name", "Description"})
        for name in (name, *template.of_type("AWS::S3::Bucket")):
            resource = template.TEMPLATE["Resources"][name]
            self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("Retain", "Retain"), name)


if __name__ == "__main__":
    unittest.main()
