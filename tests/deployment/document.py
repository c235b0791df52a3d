"""The commands of a chapter of a document."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """A block of commands, and the bold words before it that say what it is for."""

    title: str
    commands: str


def steps(document: Path, heading: str) -> list[Step]:
    """All blocks of the chapter, in order. Those of one paragraph in bold share its title."""
    chapters = re.split(r"^## ", document.read_text(), flags=re.MULTILINE)
    (chapter,) = (chapter for chapter in chapters if chapter.startswith(f"{heading}\n"))
    found, title = [], None
    for bold, block in re.findall(r"^\*\*([^*]+)\*\*|^```sh\n(.*?)^```$", chapter, re.DOTALL | re.MULTILINE):
        if bold:
            title = bold.rstrip(".")
        else:
            assert title, f"nothing says what these commands are for: {block}"
            found.append(Step(title, block))
    fences = re.findall(r"^\s*```", chapter, re.MULTILINE)
    assert len(fences) == 2 * len(found), f"a block of {heading} is no block of commands"
    return found
