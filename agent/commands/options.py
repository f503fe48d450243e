"""Command-line options that several commands share."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.errors import SettingsError
from agent.output_file import try_out, write_output
from agent.reading import json_safe
from agent.settings import expanded

#: Settings of an agent that are options of other commands too.
VARIABLES = frozenset(
    f"ARENA_{name}"
    for name in (
        "CATALOGUE",
        "WEIGHTS_DIR",
        "CACHE_DIR",
        "DOWNLOAD_WEIGHTS",
        "EXPORT_TIMEOUT_SECONDS",
        "DEVICE",
        "COUNTRY",
        "THREADS",
    )
)


def _expanded(path: Path | None) -> Path | None:
    try:
        return expanded(path) if path else None
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def devices_option(help_text: str) -> Any:
    """Which GPUs; agent/devices.py reads it."""
    return typer.Option("--devices", metavar="all|N,N", show_default="ARENA_DEVICE alone", help=help_text)


Images = Annotated[Path, typer.Option(help="Folder with images and a manifest.json, or the manifest.")]
Catalogue = Annotated[
    Path | None,
    typer.Option(envvar="ARENA_CATALOGUE", help="A catalogue of your own instead of the built-in one."),
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        envvar="ARENA_WEIGHTS_DIR", callback=_expanded, help="Folder with weights that is looked in before the cache."
    ),
]
CacheDir = Annotated[
    Path,
    typer.Option(
        envvar="ARENA_CACHE_DIR", callback=_expanded, help="Where downloaded weights and exported models are kept."
    ),
]
Device = Annotated[str, typer.Option(envvar="ARENA_DEVICE", help="auto, cpu, cuda or cuda:N.")]
JobOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="NAME=VALUE",
        help="An option of the job, like confidence=0.4 or windows=3; may be repeated.",
    ),
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to serve on; a free one by default.")]


def _can_be_written(file: Path | None) -> Path | None:
    """Found out before the battle, not after it."""
    if file is not None:
        try:
            if not file.absolute().parent.is_dir():
                raise typer.BadParameter(f"the folder {file.absolute().parent} does not exist.")
            try_out(file)
        except OSError as error:
            raise typer.BadParameter(
                f"{file} cannot be written: {error.strerror or error}. Name a file in another folder."
            ) from error
    return file


JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", dir_okay=False, writable=True, callback=_can_be_written, help="Write the result to this file."
    ),
]

HtmlFile = Annotated[
    Path | None,
    typer.Option(
        "--html",
        dir_okay=False,
        writable=True,
        callback=_can_be_written,
        help="Write a report with plots to this file.",
    ),
]


def given(**settings: str | None) -> dict[str, str]:
    """Those of the settings, by environment variable, that the command line gives."""
    return {name: value for name, value in settings.items() if value}


def parse_job_options(items: Sequence[str] | None) -> dict[str, Any]:
    """``["windows=3"]`` to ``{"windows": 3}``; values are JSON. Raises SettingsError."""
    return dict(_parse(item) for item in items or [])


def _parse(item: str) -> tuple[str, Any]:
    name, _, value = item.partition("=")
    try:
        return name.strip(), json.loads(value)
    except ValueError as error:
        raise SettingsError(
            f"--option {item} cannot be read.", hint="Give NAME=VALUE with a JSON value, like classes='[\"car\"]'."
        ) from error


def write_json(file: Path | None, row: Any) -> None:
    """Write ``row`` to ``file``, if one is wanted; what is no number becomes null. Raises AgentError."""
    if file is not None:
        text = json.dumps(json_safe(row), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        # Of a file name that is not UTF-8, half a surrogate is left; with a backslash it is JSON's own way to say it.
        write_output(file, text.encode("utf-8", "backslashreplace"))
