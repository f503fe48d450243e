"""How far the measurement can be trusted: ``python -m tests.bench.measurement [part …]``; see docs/measurement.md."""

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.measurement import coverage, overhead, simulation, twins, warm
from tests.bench.queue.table import Table


class Part(StrEnum):
    TIES = "ties"
    POWER = "power"
    DRIFT = "drift"
    COVERAGE = "coverage"
    OVERHEAD = "overhead"
    TWINS = "twins"
    WARM = "warm"


MEASURES: dict[Part, Callable[[], Iterable[Table]]] = {
    Part.TIES: simulation.tie_tables,
    Part.POWER: simulation.power_tables,
    Part.DRIFT: simulation.drift_tables,
    Part.COVERAGE: coverage.tables,
    Part.OVERHEAD: overhead.tables,
    Part.TWINS: twins.tables,
    Part.WARM: warm.tables,
}


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; everything by default.")] = None,
    count: Annotated[int, typer.Option(help="Comparisons of twins.")] = 20,
    quick: Annotated[bool, typer.Option(help="Short comparisons of twins.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the tables to, too.")] = None,
) -> None:
    """Simulate comparisons, and measure real ones on this machine: about half an hour for everything."""
    console = Console(width=160)
    tables: list[Table] = []
    for part in parts or list(Part):
        with console.status(f"Measuring {part} …"):
            measured = list(twins.tables(count, quick) if part is Part.TWINS else MEASURES[part]())
        for table in measured:
            table.show(console)
        tables += measured
    if json_file:
        json_file.write_text(json.dumps([table.as_json() for table in tables], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
