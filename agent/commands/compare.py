"""``arena compare``: a comparison on this machine, without a database."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from agent.commands.models import CatalogueOption, WeightsOption
from agent.settings import WEIGHTS_DIR
from agent.show import PhaseBar, result_view

ImagesOption = Annotated[Path, typer.Option(help="Folder with images and a manifest.json, or the manifest.")]


def compare(
    model_a: Annotated[str, typer.Argument(help="Model id; `arena models` lists them.")],
    model_b: Annotated[str, typer.Argument(help="The other model's id.")],
    images: ImagesOption,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
    min_seconds: Annotated[
        float | None, typer.Option(help="Least single-stream time of each model, in seconds.")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="Detections below this score are not counted (0 to 1).")
    ] = None,
    device: Annotated[str, typer.Option(envvar="ARENA_DEVICE", help="auto, cpu, cuda or cuda:N.")] = "auto",
    country: Annotated[
        str | None,
        typer.Option(envvar="ARENA_COUNTRY", help="ISO code (DEU, USA, …) for the carbon figure."),
    ] = None,
    catalogue: CatalogueOption = None,
    weights_dir: WeightsOption = WEIGHTS_DIR,
) -> None:
    """Compare two models on your images, here and now.

    The JSON has the columns of comparison_results plus image_results.
    """
    from agent.manifest import local_images
    from agent.worker import labelled
    from benchmark import Arena, BenchmarkSettings, Options, load_catalogue

    given = {"min_seconds": min_seconds, "confidence": confidence}
    options = Options.parse({k: v for k, v in given.items() if v is not None})
    pictures = [labelled(file, image) for file, image in local_images(images)]
    console = Console()
    with (
        Arena(
            load_catalogue(catalogue),
            [weights_dir],
            BenchmarkSettings(device=device, country=country),
        ) as arena,
        PhaseBar(console) as bar,
    ):
        result = arena.compare(model_a, model_b, pictures, options, on_progress=bar.update)
    row = {**result.to_row(), "image_results": result.image_rows()}
    console.print(result_view(row))
    write_json(json_file, row)


def write_json(file: Path | None, row: Any) -> None:
    """Write ``row`` to ``file``, if one is wanted."""
    if file is not None:
        file.write_text(json.dumps(row, indent=2, allow_nan=False) + "\n", "utf-8")
