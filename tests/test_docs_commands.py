"""Every `arena …` that the documents show names commands and options that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from agent.__main__ import app
from tests.docs.documents import DOCUMENTS, ROOT, commands, name_of, prose

_ENDS = {"|", "&&", ";", ">", "<", "&"}


def arguments(line: str) -> list[str] | None:
    """What `arena` is given; None where the line is no command of ours."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        words.pop(0)
    if not words or words[0] != "arena":
        return None
    end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
    return words[1:end]


def shown() -> Iterator[Any]:
    """Commands to be copied are whole; those within a sentence may leave arguments out."""
    for document in DOCUMENTS:
        sentences = re.findall(r"`(arena [^`]*)`", prose(document))
        for line, whole in [
            *((command.text, True) for command in commands(document)),
            *((each.replace("\n", " "), False) for each in sentences),
        ]:
            if (given := arguments(line)) is not None:
                yield pytest.param(given, whole, id=f"{name_of(document)}: {' '.join(given)}")


def parse(given: list[str]) -> None:
    """As the command line does, without running anything."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("arena", list(given))
    while hasattr(command, "resolve_command") and context._protected_args:
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


def refusal(given: list[str]) -> str:
    """Name of the error that these arguments end with, or nothing."""
    try:
        parse(given)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize(("given", "whole"), [*shown()])
def test_a_command_that_is_shown_exists(
    given: list[str], whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # files of results are tried out
    refused = refusal(given)
    assert not refused or (not whole and refused.startswith(("MissingParameter", "NoArgsIsHelpError")))


@pytest.mark.parametrize("line", ["arena fight a b", "arena compare a b --images x --quick", "arena models pul"])
def test_what_does_not_exist_would_be_noticed(line: str) -> None:
    given = arguments(line)
    assert given is not None
    assert refusal(given).startswith(("UsageError", "NoSuchOption", "NoSuchCommand"))


def test_lines_are_read_as_a_shell_would(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nA=b arena models \\\n  pull x   # one\narena demo > out\n# needs y\nuv pip install x\n```\n"
        "1. In a list:\n\n   ```sh\n   arena jobs list   # needs z\n   ```\n"
    )
    found = list(commands(page))
    assert [arguments(each.text) for each in found] == [["models", "pull", "x"], ["demo"], None, ["jobs", "list"]]
    assert [(each.line, each.needs) for each in found] == [(2, ""), (4, ""), (6, "y"), (11, "z")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_program_or_a_test_that_is_named_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    modules = re.findall(r"python -m ((?:agent|benchmark|demo|local|sql|tests)[\w.]*)", text)
    paths = re.findall(r"\b(?:pytest(?: -\w+)*|`)\s*(tests/[\w/.]+)", text)
    files = [ROOT / each.replace(".", "/") for each in modules]
    assert [each for each in files if not (each.with_suffix(".py").exists() or (each / "__main__.py").exists())] == []
    assert [each for each in paths if not (ROOT / each).exists()] == []


def test_the_documents_show_commands_of_both_kinds() -> None:
    kinds = [param.values[1] for param in shown()]
    assert kinds.count(True) > 10
    assert kinds.count(False) > 10
