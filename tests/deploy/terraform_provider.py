"""What Terraform's AWS provider takes, read from the Python bindings that its maintainers generated (6.25.0).

The bindings have a class for each resource, data source and block. The keyword arguments of its constructor are the
arguments that Terraform takes, those without a default are required, and one whose annotation names another class of
the module is a block. Properties are what may be read.
"""

import ast
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / ".provider"
PACKAGE = "cdktf_cdktf_provider_aws"
# Arguments that Terraform itself takes of every resource (meta-arguments).
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


@dataclass(frozen=True)
class Argument:
    required: bool
    # The class of the block, if it is one.
    block: str | None


@dataclass(frozen=True)
class Module:
    """Classes by name: what each takes, and what can be read from it."""

    arguments: dict[str, dict[str, Argument]]
    attributes: dict[str, set[str]]
    top: str


@cache
def module(kind: str, type_: str) -> Module:
    """The classes of a `resource` or `data` type; KeyError if the provider has no such type."""
    (archive,) = FOLDER.glob("*.whl")
    name = ("data_" if kind == "data" else "") + ("aws_" if kind == "data" else "") + type_.removeprefix("aws_")
    with zipfile.ZipFile(archive) as files:
        tree = ast.parse(files.read(f"{PACKAGE}/{name}/__init__.py"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    top = next(name for name, node in classes.items() if "Terraform" in ast.unparse(node.bases[0]))
    arguments = {name: taken(node, classes) for name, node in classes.items()}
    attributes = {name: {f.name for f in functions(node)} for name, node in classes.items()}
    return Module(arguments, attributes, top)


def functions(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [member for member in node.body if isinstance(member, ast.FunctionDef)]


def taken(node: ast.ClassDef, classes: dict) -> dict[str, Argument]:
    constructors = [function for function in functions(node) if function.name == "__init__"]
    if not constructors:
        return {}
    arguments = constructors[0].args
    found = {}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument.arg not in META:
            named = set(re.findall(r"'(\w+)'", ast.unparse(argument.annotation))) & classes.keys()
            found[argument.arg] = Argument(default is None, next(iter(named), None))
    return found
