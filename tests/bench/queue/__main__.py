"""How fast the queue is: ``python -m tests.bench.queue [part …]``; see docs/queue.md for what came out."""

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.queue.cost import Cost, Heartbeats
from tests.bench.queue.growth import Backlog, Finished, Foreign
from tests.bench.queue.latency import Latency
from tests.bench.queue.peers import Peers
from tests.bench.queue.postgres import BenchPostgres
from tests.bench.queue.table import Table


class Part(StrEnum):
    PEERS = "peers"
    BACKLOG = "backlog"
    FINISHED = "finished"
    FOREIGN = "foreign"
    LATENCY = "latency"
    COST = "cost"


MEASURES: dict[Part, Callable[[BenchPostgres], Iterable[Table]]] = {
    Part.PEERS: lambda postgres: Peers(postgres).tables(),
    Part.BACKLOG: lambda postgres: [Backlog(postgres).table()],
    Part.FINISHED: lambda postgres: [Finished(postgres).table()],
    Part.FOREIGN: lambda postgres: [Foreign(postgres).table()],
    Part.LATENCY: lambda _: [Latency().table()],
    Part.COST: lambda postgres: [Cost(postgres).table(), Heartbeats().table()],
}


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; everything by default.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the tables to, too.")] = None,
) -> None:
    """Measure the queue on this machine: about eight minutes for everything."""
    console = Console(width=120)
    tables: list[Table] = []
    with BenchPostgres.running() as postgres:
        for part in parts or list(Part):
            with console.status(f"Measuring {part} …"):
                measured = list(MEASURES[part](postgres))
            for table in measured:
                table.show(console)
            tables += measured
    if json_file:
        json_file.write_text(json.dumps([table.as_json() for table in tables], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
