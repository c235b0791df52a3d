"""The roles: the same calls in deploy/README.md, Terraform and CloudFormation, as narrow as AWS can have them."""

import importlib.resources
import json
import re
import unittest

import boto3

import template
import terraform_files
from deploy_files import DEPLOY, ROOT

# What each resource of a policy is called: in Terraform, in CloudFormation.
DISTRIBUTION = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
RESOURCES = {
    "${aws_secretsmanager_secret.keyring.arn}": "keyring",
    "${aws_cloudfront_distribution.edgemint.arn}": "distribution",
    "*": "*",
    str({"Ref": "Keyring"}): "keyring",
    str({"Fn::Sub": DISTRIBUTION}): "distribution",
}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def of_terraform(role: str) -> set[tuple[str, str]]:
    """(action, resource) of all that a role may do."""
    policy = terraform_files.resource("aws_iam_role_policy", role)
    assert policy["role"] == f"${{aws_iam_role.{role}.id}}"
    assert policy["policy"] == f"${{data.aws_iam_policy_document.{role}.json}}"
    statements = terraform_files.declared()["data", "aws_iam_policy_document", role]["statement"]
    assert all(one.keys() <= {"sid", "actions", "resources", "__is_block__"} for one in statements)
    return {(action, RESOURCES[on]) for one in statements for action in one["actions"] for on in one["resources"]}


def of_cloudformation(role: str) -> set[tuple[str, str]]:
    (policy,) = template.properties(f"{role.capitalize()}Role")["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert all(one["Effect"] == "Allow" and one.keys() == {"Sid", "Effect", "Action", "Resource"} for one in statements)
    return {
        (action, RESOURCES[str(on)])
        for one in statements for action in listed(one["Action"]) for on in listed(one["Resource"])
    }


def of_readme(role: str) -> set[tuple[str, str]]:
    """From the rows `| serve | action | resource |` of its table."""
    rows = re.findall(r"^\| `(\w+)` \| `([a-z]+:\w+)` \| (.+?) \|", (DEPLOY / "README.md").read_text(), re.M)
    return {(action, on.strip("`")) for who, action, on in rows if who == role}


class Permissions(unittest.TestCase):
    def test_the_same_everywhere(self):
        for role in ("serve", "rotate"):
            with self.subTest(role):
                self.assertTrue(of_readme(role))
                self.assertEqual(of_terraform(role), of_readme(role))
                self.assertEqual(of_cloudformation(role), of_readme(role))

    def test_exactly_the_calls_of_the_sources(self):
        """Calls of the AWS SDK, by the names of its functions."""
        calls = {"CreateSecret"}  # Only where nobody has made the secret; Terraform and CloudFormation have.
        calls |= {action.split(":")[1] for action, _ in of_readme("rotate")}
        sources = [*(ROOT / "src/rotation/api").glob("*.rs"), *(ROOT / "src/keyring/secret").glob("*.rs")]
        known = {
            call: service.service_model.service_name
            for service in (boto3.client(name, "eu-west-1").meta for name in ("cloudfront", "secretsmanager"))
            for call in service.service_model.operation_names
        }
        made = set()
        for source in sources:
            for function in re.findall(r"\.([a-z]+(?:_[a-z]+)+)\(\)", source.read_text()):
                call = "".join(part.capitalize() for part in function.split("_"))
                made |= {call} & known.keys()
        self.assertEqual(made, calls)

    def test_servers_only_read_the_keyring(self):
        self.assertEqual(of_terraform("serve"), {("secretsmanager:GetSecretValue", "keyring")})

    def test_as_narrow_as_aws_defines(self):
        """`*` stands exactly where AWS lets no resource be named (its service authorization reference, in cfn-lint)."""
        data = importlib.resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json")
        services = json.loads(data.read_text())
        for action, on in of_terraform("rotate") | of_terraform("serve"):
            service, call = action.split(":")
            known = services[service]["Actions"][call.lower()]
            self.assertEqual(on == "*", not known.get("Resources"), action)

    def test_nobody_but_the_named_service_gets_a_role(self):
        trust = terraform_files.declared()["data", "aws_iam_policy_document", "trust"]["statement"]
        self.assertEqual([one["principals"][0]["identifiers"] for one in trust], [["${var.trusted_service}"]])
        for role in ("serve", "rotate"):
            policy = terraform_files.resource("aws_iam_role", role)["assume_role_policy"]
            self.assertEqual(policy, "${data.aws_iam_policy_document.trust.json}")
            (statement,) = template.properties(f"{role.capitalize()}Role")["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": {"Ref": "TrustedService"}})
            self.assertEqual(statement["Action"], trust[0]["actions"])


if __name__ == "__main__":
    unittest.main()
