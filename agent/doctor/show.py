"""What was examined, for a terminal: a line for each check, and below it what is to be done, if anything."""

import re
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from agent.ascii_only import Encodable
from agent.doctor.examine import Examined
from agent.doctor.finding import State
from agent.show import printable

_MARKS: dict[State, tuple[str, str, str]] = {
    "ok": ("✓", "+", "green"),
    "warning": ("!", "!", "yellow"),
    "problem": ("✗", "x", "red"),
    "skipped": ("–", "-", "dim"),
}
_COMMAND = re.compile(r"`([^`]*)`")


class Row:
    """One check; `width` is that of the longest name."""

    def __init__(self, examined: Examined, width: int) -> None:
        self._name, self._finding, self._width = examined.name, examined.finding, width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        mark, plain, colour = _MARKS[self._finding.state]
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=1)
        grid.add_column(width=self._width, no_wrap=True)
        grid.add_column(ratio=1)
        style = "dim" if self._finding.state == "skipped" else ""
        grid.add_row(
            Text(plain if options.ascii_only else mark, colour),
            Text(self._name.replace("_", " "), style),
            self._text(style),
        )
        yield Encodable(grid)

    def _text(self, style: str) -> RenderableType:
        lines = [Text(printable(line), style) for line in self._finding.found.splitlines()]
        return Group(*lines, *self._details())

    def _details(self) -> Iterator[RenderableType]:
        for label, text, style in (("should be", self._finding.expected, ""), ("mend", self._finding.mend, "")):
            if text:
                hanging = Table.grid(padding=(0, 1, 0, 0))
                hanging.add_column(width=9)
                hanging.add_row(Text(label, "dim"), Group(*(commands(line, style) for line in text.splitlines())))
                yield hanging


def commands(text: str, style: str = "") -> Text:
    """What stands in backticks is to be typed; they stay, for whoever sees no colours."""
    shown = Text(printable(text), style)
    shown.highlight_regex(_COMMAND, "cyan")
    return shown


def summary(examined: Sequence[Examined]) -> Text:
    """The last line."""
    states = [each.finding.state for each in examined]
    problems, warnings = states.count("problem"), states.count("warning")
    if not problems and not warnings:
        return Text("Nothing is wrong.", "bold green")
    parts = [_count(problems, "problem", "red"), _count(warnings, "warning", "yellow")]
    verdict = "Mend the problems, and look again." if problems else "No problem."
    return Text.assemble(Text(", ").join(filter(None, parts)), f". {verdict}")


def _count(number: int, word: str, colour: str) -> Text | None:
    return Text(f"{number} {word}{'' if number == 1 else 's'}", f"bold {colour}") if number else None
