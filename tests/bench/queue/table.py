"""A small table of results, for people and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import rich.table
from rich.console import Console

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """What one part measured: a row is a tuple of cells, one for each column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def show(self, console: Console) -> None:
        table = rich.table.Table(title=self.title, title_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*(_text(cell) for cell in row))
        console.print(table)
        if self.note:
            console.print(self.note, style="italic")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _text(cell: Cell) -> str:
    if not isinstance(cell, float):
        return f"{cell:,}" if isinstance(cell, int) else cell
    digits = 0 if abs(cell) >= 100 else 1 if abs(cell) >= 10 else 2
    return f"{cell:,.{digits}f}"
