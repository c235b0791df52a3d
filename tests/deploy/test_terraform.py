"""deploy/terraform: known to the provider, consistent in itself, and no rival of `edgemint keys rotate`."""

import re
import unittest

import terraform_files
import terraform_provider
from terraform_provider import META

MARK = "__is_block__"


def is_block(value) -> bool:
    """Blocks are lists of dictionaries with a mark; so an argument is told from a block of the same name."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and MARK in value[0]


class Schema(unittest.TestCase):
    """Types, arguments and attributes, against those of the provider."""

    def test_every_argument_is_one_of_the_provider(self):
        checked = 0
        for (kind, type_, name), content in terraform_files.declared().items():
            with self.subTest(f"{kind} {type_}.{name}"):
                known = terraform_provider.module(kind, type_)
                checked += self.check(content, known, known.top)
        self.assertGreater(checked, 100)

    def check(self, content: dict, known: terraform_provider.Module, of: str) -> int:
        """Checks the arguments of one body and of the blocks in it; how many there were."""
        takes = known.arguments[of]
        given = {name: value for name, value in content.items() if name != MARK and name not in META}
        dynamic = given.pop("dynamic", [])
        # What a dynamic block makes is checked like a block that is written out.
        made = [(name, inner["content"][0]) for block in dynamic for name, inner in block.items() if name != MARK]
        made += [(name, block) for name, value in given.items() if is_block(value) for block in value]
        names = given.keys() | {name for name, _ in made}
        self.assertLessEqual(names, takes.keys(), of)
        self.assertLessEqual({name for name, one in takes.items() if one.required}, names, of)
        for name in given:
            self.assertEqual(is_block(given[name]), takes[name].block is not None, f"{of}: {name}")
        return len(names) + sum(self.check(block, known, takes[name].block) for name, block in made)

    def test_every_reference_leads_somewhere(self):
        variables, locals_ = terraform_files.named("variable"), terraform_files.named("locals")
        outputs = terraform_files.bodies("output")
        used, followed = set(), 0
        for text in terraform_files.texts([list(terraform_files.declared().values()), outputs, locals_]):
            if "${" not in text:
                continue
            for name in re.findall(r"(?<![\w.])var\.(\w+)", text):
                self.assertIn(name, variables, text)
                used.add(name)
            for name in re.findall(r"(?<![\w.])local\.(\w+)", text):
                self.assertIn(name, locals_, text)
            for data, type_, name, attribute in re.findall(
                r"(?<![\w.])(data\.)?(aws_\w+)\.(\w+)(?:\.(\w+))?", text
            ):
                kind = "data" if data else "resource"
                self.assertIn((kind, type_, name), terraform_files.declared(), text)
                known = terraform_provider.module(kind, type_)
                self.assertTrue(not attribute or attribute in known.attributes[known.top] | {"id"}, text)
                followed += 1
        self.assertEqual(used, variables.keys(), "variables that nothing uses")
        self.assertGreater(followed, 30)

    def test_every_variable_says_what_it_is(self):
        for name, variable in terraform_files.named("variable").items():
            self.assertTrue(variable["type"] and variable["description"], name)


class KeyGroup(unittest.TestCase):
    """`edgemint keys rotate` decides which keys are in the group."""

    def test_items_are_left_alone(self):
        group = terraform_files.resource("aws_cloudfront_key_group", "edgemint")
        self.assertEqual(group["items"], ["${var.first_public_key_id}"])
        self.assertEqual(group["lifecycle"][0]["ignore_changes"], ["items"])

    def test_no_public_key_is_terraforms(self):
        types = {type_ for kind, type_, _ in terraform_files.declared() if kind == "resource"}
        self.assertNotIn("aws_cloudfront_public_key", types)

    def test_a_key_groups_id_is_no_public_key(self):
        condition = terraform_files.named("variable")["first_public_key_id"]["validation"][0]["condition"]
        pattern = re.search(r'regex\("(.*?)"', condition)[1]
        self.assertRegex("K2JCJMDEHXQW5F", pattern)
        for wrong in ("2f1c1d2e-5a0b-4c3d-9e8f-0123456789ab", "k2jcjmdehxqw5f", "edgemint", ""):
            self.assertIsNone(re.search(pattern, wrong), wrong)


class Secrets(unittest.TestCase):
    def test_no_value_of_a_secret_is_in_the_state(self):
        declared = terraform_files.declared()
        types = {type_ for _, type_, _ in declared}
        self.assertFalse([one for one in types if one.startswith("aws_secretsmanager_secret_") or "parameter" in one])
        self.assertEqual({name for kind, type_, name in declared if type_ == "aws_secretsmanager_secret"}, {"keyring"})
        for name in terraform_files.named("variable"):
            self.assertNotRegex(name, "private|password|pem")


if __name__ == "__main__":
    unittest.main()
