"""``arena models``: what can compete here."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

CatalogueOption = Annotated[
    Path | None,
    typer.Option(envvar="ARENA_CATALOGUE", help="A catalogue of your own instead of the built-in one."),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(envvar="ARENA_WEIGHTS_DIR", help="Folder in which weights are looked for."),
]


def models(catalogue: CatalogueOption = None, weights_dir: WeightsOption = None) -> None:
    """List the models of the catalogue and whether each can run on this machine."""
    from benchmark import load_catalogue, model_state

    table = Table(title="Models", title_justify="left", box=None, pad_edge=False)
    for column in ("id", "what it is", "task", "state"):
        table.add_column(column, header_style="dim", overflow="fold")
    for entry in load_catalogue(catalogue):
        state = model_state(entry, [weights_dir] if weights_dir else [])
        colour = "green" if state.ready else "yellow"
        table.add_row(entry.id, entry.name, entry.task, f"[{colour}]{state.text}[/]")
    Console().print(table)
