"""``arena calibrate``: thresholds for a model that counts without boxes."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from agent.commands.options import CacheDir, Catalogue, Device, Images, JsonFile, WeightsDir, write_json
from agent.settings import CACHE_DIR


def calibrate(
    model_id: Annotated[str, typer.Argument(metavar="MODEL", help="Id of a model that counts by peaks.")],
    images: Images,
    json_file: JsonFile = None,
    catalogue: Catalogue = None,
    weights_dir: WeightsDir = None,
    cache_dir: CacheDir = CACHE_DIR,
    device: Device = "auto",
) -> None:
    """Set the thresholds of a model that counts by peaks, on labelled images that no comparison uses.

    Half of the images set them, the other half says what they are worth. Prints the lines for your catalogue.

    Example: `arena calibrate efficientnet_b0 --images calibration/ --catalogue my_catalogue.toml`
    """
    from agent.fetching import labelled
    from agent.manifest import local_images
    from agent.weights import WeightsSource
    from benchmark import calibrate as set_thresholds
    from benchmark import load_catalogue

    known, console = load_catalogue(catalogue), Console(stderr=True)
    entry = known.detector(model_id)
    pictures = [labelled(file, image) for file, image in local_images(images)]
    folders = WeightsSource(known, weights_dir, cache_dir, device=device).folders
    with console.status(f"{len(pictures)} images…") as status:
        result = set_thresholds(
            entry, pictures, folders, device, lambda seen: status.update(f"{seen} of {len(pictures)} images…")
        )
    parameters = result.parameters((images if images.is_dir() else images.parent).resolve().name)
    write_json(json_file, {"parameters": parameters, **asdict(result)})
    typer.echo(f"[models.{entry.base_id}.parameters]")
    for name, value in parameters.items():
        typer.echo(f"{name} = {json.dumps(value, ensure_ascii=False)}")
