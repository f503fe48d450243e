"""What models find and how fast their runtimes are: ``python -m tests.bench.models [part …]``; see docs/models.md."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp(prefix="arena-yolo-"))

import typer
from rich.console import Console

from tests.bench.models import demo_scenes, folders, networks, runtimes
from tests.bench.models.markdown import circumstances, markdown
from tests.bench.models.photographs import DATA
from tests.bench.queue.table import Table


class Part(StrEnum):
    FOLDERS = "folders"
    RUNTIMES = "runtimes"
    NETWORKS = "networks"
    DEMO = "demo"


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; everything by default.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Runtimes: every nth photograph.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the tables to, too.")] = None,
) -> None:
    """Compare models on real photographs, and print Markdown: half an hour for everything, a third of it compiling."""
    wanted, tables = parts or list(Part), list[Table]()
    if not DATA.is_dir() and set(wanted) != {Part.DEMO}:
        raise typer.BadParameter(f"There are no photographs beside the repository, in {DATA.parent.name}/{DATA.name}.")
    measures: dict[Part, Callable[[], Iterable[Table]]] = {
        Part.FOLDERS: folders.tables,
        Part.RUNTIMES: lambda: runtimes.tables(every),
        Part.NETWORKS: networks.tables,
        Part.DEMO: demo_scenes.tables,
    }
    typer.echo(circumstances() + "\n")
    for part in wanted:
        with Console(stderr=True).status(f"Measuring {part} …"):
            measured = list(measures[part]())
        for table in measured:
            typer.echo(markdown(table))
        tables += measured
    if json_file:
        json_file.write_text(json.dumps([table.as_json() for table in tables], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
