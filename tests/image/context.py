"""The files that a build is given: the repository's, less what .dockerignore leaves out."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|.")
_AS_EXPRESSION = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Ignored:
    """What a .dockerignore says; the last pattern that fits a path or a folder above it decides."""

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        self._rules = [_rule(line) for line in lines if line and not line.startswith("#")]

    def __contains__(self, path: str) -> bool:
        ignored = False
        for expression, ignores in self._rules:
            if expression.match(path):
                ignored = ignores
        return ignored


def _rule(line: str) -> tuple[re.Pattern[str], bool]:
    pattern = line.removeprefix("!").strip("/")
    body = "".join(_AS_EXPRESSION.get(token, re.escape(token)) for token in _TOKEN.findall(pattern))
    return re.compile(f"{body}(?:/|$)"), not line.startswith("!")


def copy_context(repository: Path, folder: Path) -> Path:
    """Copy what a build sees; folders of which nothing is wanted are not looked into."""
    ignored = Ignored((repository / ".dockerignore").read_text("utf-8"))
    for path in _files(repository, ignored):
        place = folder / path.relative_to(repository)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    return folder


def _files(repository: Path, ignored: Ignored) -> Iterator[Path]:
    for top in repository.iterdir():
        if top.name not in ignored:
            for path in [top] if top.is_file() else top.rglob("*"):
                if path.is_file() and str(path.relative_to(repository)) not in ignored:
                    yield path
