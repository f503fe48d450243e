"""``arena models``: what can compete here."""

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from agent.commands.options import Catalogue, WeightsDir
from agent.settings import WEIGHTS_DIR


def models(catalogue: Catalogue = None, weights_dir: WeightsDir = WEIGHTS_DIR) -> None:
    """List the models of the catalogue and whether each can run on this machine."""
    from benchmark import load_catalogue, model_state

    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("id", "what it is", "task", "here"):
        table.add_column(column, header_style="bold")
    known = load_catalogue(catalogue)
    states = [model_state(entry, [weights_dir]) for entry in known]
    for entry, state in zip(known, states, strict=True):
        colour = "green" if state.ready else "yellow"
        table.add_row(entry.id, entry.name, entry.task, f"[{colour}]{state.state.replace('_', ' ')}[/]")
    console.print(table)
    for state in states:
        if state.reason:
            lines = [f"[dim]•[/] {escape(state.reason)}", *(f"  [dim]{escape(note)}[/]" for note in state.notes)]
            console.print(Padding("\n".join(lines), (1, 0, 0, 0)), highlight=False)
