"""``arena models``: what can compete here, and bringing weights here."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from agent.commands.options import CacheDir, Catalogue, Device, WeightsDir
from agent.settings import CACHE_DIR

if TYPE_CHECKING:
    from agent.weights import WeightsSource
    from benchmark import ModelEntry

app = typer.Typer(rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    catalogue: Catalogue = None,
    weights_dir: WeightsDir = None,
    cache_dir: CacheDir = CACHE_DIR,
    device: Device = "auto",
) -> None:
    """List the models of the catalogue and whether each can run on this machine.

    `MODEL@onnx` is MODEL, run as onnx.
    """
    from agent.show_models import Listed, models_view
    from agent.weights import WeightsSource
    from benchmark import load_catalogue

    if context.invoked_subcommand:
        _refuse_options_before(context)
        return
    known = load_catalogue(catalogue)
    weights = WeightsSource(known, weights_dir, cache_dir, device=device)
    listed = [Listed(entry, [weights.state(each) for each in entry.variants or [entry]]) for entry in known]
    Console().print(models_view(listed), highlight=False)


@app.command()
def pull(
    model_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids of models.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All models whose weights can be downloaded.")] = False,
    catalogue: Catalogue = None,
    weights_dir: WeightsDir = None,
    cache_dir: CacheDir = CACHE_DIR,
) -> None:
    """Download the weights of models, unless they are here, and say where they are.

    Example: `arena models pull Trained_yolov8`
    """
    from agent.errors import AgentError
    from agent.weights import WeightsSource
    from benchmark import BenchmarkError, WeightsMissing, load_catalogue

    if bool(model_ids) == all_:
        raise typer.BadParameter("name the models, or give --all.")
    known = load_catalogue(catalogue)
    named = [known.detector(each) for each in model_ids or ()]
    entries = [entry for entry in known if entry.weights] if all_ else named
    weights, console, failed = WeightsSource(known, weights_dir, cache_dir), Console(), False
    for entry in entries:
        try:
            _pull(console, weights, entry)
        except (AgentError, BenchmarkError) as error:
            if not all_:
                raise
            # Not even to be fetched is no failure of this command.
            failed |= not isinstance(error, WeightsMissing)
            mark = ("– ", "yellow") if isinstance(error, WeightsMissing) else ("✗ ", "red")
            console.print(Text.assemble(mark, str(error)), soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _pull(console: Console, weights: "WeightsSource", entry: "ModelEntry") -> None:
    from agent.show_arrival import ArrivalBar

    with ArrivalBar(console) as bar:
        found = weights.fetch(entry, bar.update)
    how = "downloaded to" if bar.used else "already at"
    console.print(Text.assemble(("✓ ", "green"), f"{entry.base_id}: {how} {found.path}"), soft_wrap=True)


def _refuse_options_before(context: typer.Context) -> None:
    """An option that nobody reads must not seem to have been heeded."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"write it behind {context.invoked_subcommand}.", param_hint=f"'{option}'")
