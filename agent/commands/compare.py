"""``arena compare``: a comparison on this machine, without a database."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agent.commands.options import (
    CacheDir,
    Catalogue,
    Device,
    HtmlFile,
    Images,
    JobOptions,
    JsonFile,
    WeightsDir,
    parse_job_options,
    write_json,
)
from agent.output_file import write_each
from agent.settings import CACHE_DIR

# Columns of comparison_results that only a job has.
_NO_JOB = {"id": None, "job_id": None, "agent_id": None}


def compare(
    model_a: Annotated[str, typer.Argument(help="Model id; `arena models` lists them.")],
    model_b: Annotated[str, typer.Argument(help="The other model's id.")],
    images: Images,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    min_seconds: Annotated[
        float | None, typer.Option(help="Least time spent on timing each model one image at a time, in seconds.")
    ] = None,
    option: JobOptions = None,
    device: Device = "auto",
    country: Annotated[
        str | None,
        typer.Option(envvar="ARENA_COUNTRY", help="ISO code (DEU, USA, …); without it, carbon is not stated."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            envvar="ARENA_THREADS", min=1, help="Threads of a model; by default one less than the physical cores."
        ),
    ] = None,
    export_timeout: Annotated[
        float,
        typer.Option(
            envvar="ARENA_EXPORT_TIMEOUT_SECONDS", min=1, help="Longest that exporting a model may take, in seconds."
        ),
    ] = 1200.0,
    catalogue: Catalogue = None,
    weights_dir: WeightsDir = None,
    cache_dir: CacheDir = CACHE_DIR,
    download: Annotated[
        bool,
        typer.Option(
            "--download/--no-download", envvar="ARENA_DOWNLOAD_WEIGHTS", help="Download weights that are missing."
        ),
    ] = True,
) -> None:
    """Compare two models on your images, here and now.

    No database, and no network but for weights that are missing. The JSON has the columns of comparison_results plus
    image_results.

    Example: `arena compare Trained_yolov5 Trained_yolov8 --images photos/ --html report.html`
    """
    from agent.fetching import labelled
    from agent.manifest import local_images
    from agent.report import write_report
    from agent.show import PhaseBar
    from agent.show_arrival import ArrivalBar
    from agent.show_result import result_view
    from agent.weights import WeightsSource
    from benchmark import Arena, BenchmarkSettings, Options, load_catalogue

    _refuse_one_file_for_both(json_file, html_file)
    given = parse_job_options(option) | ({} if min_seconds is None else {"min_seconds": min_seconds})
    options = Options.parse(given)
    pictures = [labelled(file, image) for file, image in local_images(images)]
    settings = BenchmarkSettings(
        device=device,
        country=country,
        threads=threads,
        exports_dir=cache_dir / "exports",
        export_timeout_s=export_timeout,
    )
    console, known = Console(), load_catalogue(catalogue)
    weights = WeightsSource(known, weights_dir, cache_dir, device=device, download=download)
    with Arena(known, weights.folders, settings) as arena:
        with ArrivalBar(console) as arrivals:
            weights.bring([model_a, model_b], arrivals.update)
        with PhaseBar(console) as bar:
            result = arena.compare(model_a, model_b, pictures, options, on_progress=bar.update)
    row = {**_NO_JOB, **result.to_row(), "created_at": _now(), "image_results": result.image_rows()}
    try:
        console.print(result_view(row))
    finally:  # a closed terminal takes no file along
        write_each(partial(write_json, json_file, row), partial(write_report, html_file, row, pictures))


def _refuse_one_file_for_both(json_file: Path | None, html_file: Path | None) -> None:
    if json_file and html_file and json_file.resolve() == html_file.resolve():
        raise typer.BadParameter(f"--json and --html both name {json_file}. Name two files.")


def _now() -> str:
    return datetime.now(UTC).isoformat()
