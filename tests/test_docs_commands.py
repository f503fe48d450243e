"""Every `arena …` that the documents show names commands and options that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from agent.__main__ import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_ENDS = {"|", "&&", ";", ">", "<", "&"}


def shell_lines(text: str) -> list[str]:
    """Of all ```sh blocks, continued lines as one."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").splitlines()


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
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for line, whole in [
            *((each, True) for each in shell_lines(text)),
            *((each.replace("\n", " "), False) for each in re.findall(r"`(arena [^`]*)`", prose)),
        ]:
            if (given := arguments(line)) is not None:
                yield pytest.param(given, whole, id=f"{path.name}: {' '.join(given)}")


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


def test_lines_are_read_as_a_shell_would() -> None:
    text = "```sh\nA=b arena models \\\n  pull x   # one\narena demo > out\nuv pip install x\n```\n"
    assert [arguments(each) for each in shell_lines(text)] == [["models", "pull", "x"], ["demo"], None]


def test_the_documents_show_commands_of_both_kinds() -> None:
    kinds = [param.values[1] for param in shown()]
    assert kinds.count(True) > 10
    assert kinds.count(False) > 10
