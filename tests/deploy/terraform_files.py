"""deploy/terraform, parsed by python-hcl2."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import hcl2

from deploy_files import DEPLOY

OPTIONS = hcl2.SerializationOptions(strip_string_quotes=True, with_comments=False)
FOLDER = DEPLOY / "terraform"


@cache
def parsed() -> list[dict]:
    return [hcl2.loads(file.read_text(), serialization_options=OPTIONS) for file in sorted(FOLDER.glob("*.tf"))]


def bodies(kind: str) -> list[Any]:
    """Everything at top level of this kind (`resource`, `variable`), of all files."""
    return [body for file in parsed() for body in file.get(kind, [])]


@cache
def declared() -> dict[tuple[str, str, str], dict]:
    """Resources and data sources by (`resource` or `data`, type, name)."""
    found = {}
    for kind in ("resource", "data"):
        for body in bodies(kind):
            ((type_, named),) = body.items()
            ((name, content),) = named.items()
            assert (kind, type_, name) not in found, f"{type_}.{name} is declared twice"
            found[kind, type_, name] = content
    return found


def resource(type_: str, name: str) -> dict:
    return declared()["resource", type_, name]


def named(kind: str) -> dict[str, dict]:
    """Variables or outputs, by name."""
    return {name: content for body in bodies(kind) for name, content in body.items()}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
