"""The documents of the project, taken apart as a reader would: blocks of code, commands, links, headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "local" / "README.md",
    ROOT / "demo" / "weights" / "README.md",
]
#: Within a list it is indented.
_BLOCK = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"(?:^|\s)# needs (.+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced piece of code."""

    document: Path
    #: Of its first line, from 1.
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """For a person."""
        return f"{name_of(self.document)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a `sh` block; continued lines are one."""

    document: Path
    line: int
    #: As the reader types it, without a comment.
    text: str
    #: What it needs that is not on a bare machine, as the document says; nothing where it can be run as it stands.
    needs: str

    @property
    def place(self) -> str:
        """For a person."""
        return f"{name_of(self.document)}:{self.line}"

    @property
    def words(self) -> list[str]:
        """As a shell splits them."""
        return shlex.split(self.text)


def name_of(document: Path) -> str:
    """Within the repository."""
    return document.relative_to(ROOT).as_posix()


def blocks(document: Path, language: str | None = None) -> list[Block]:
    """All of a document, or those of a language."""
    text = document.read_text("utf-8")
    found = [
        Block(document, text.count("\n", 0, match.start()) + 2, match[2], dedent(match[3]))
        for match in _BLOCK.finditer(text)
    ]
    return [each for each in found if language in (None, each.language)]


def prose(document: Path) -> str:
    """The document without its blocks."""
    return _BLOCK.sub("", document.read_text("utf-8"))


def commands(document: Path) -> Iterator[Command]:
    """Of all `sh` blocks. A line `# needs …` speaks of all lines below it in its block, one at a line's end of that."""
    for block in blocks(document, "sh"):
        below = ""
        for line, text in _whole_lines(block):
            needs = _NEEDS.search(text)
            if text.lstrip().startswith("#"):
                below = needs[1] if needs else below
            elif typed := _without_comment(text):
                yield Command(document, line, typed, needs[1] if needs else below)


def _whole_lines(block: Block) -> Iterator[tuple[int, str]]:
    begun, first = "", block.line
    for line, text in enumerate(block.text.splitlines(), block.line):
        first = first if begun else line
        begun += text.removesuffix("\\")
        if not text.endswith("\\"):
            yield first, begun
            begun = ""


def _without_comment(line: str) -> str:
    """A `#` within quotes is none of a comment."""
    for place in (match.start() for match in re.finditer(r"(?:^|(?<=\s))#", line)):
        if _is_whole(line[:place]):
            return line[:place].strip()
    return line.strip()


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return False
    return True


def links(document: Path) -> list[str]:
    """Targets of all links and pictures that are not on the net."""
    return re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(document))


def anchors(document: Path) -> set[str]:
    """What a link may name behind its `#`, as GitHub makes it of the headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(document), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        count = 1
        name = slug
        while name in found:
            name, count = f"{slug}-{count}", count + 1
        found.add(name)
    return found
