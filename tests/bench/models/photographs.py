"""Real weights and real photographs, where they lie beside the repository, or others in their form."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark import Catalogue, LabelledImage, load_catalogue

DATA = Path(__file__).parents[4] / "shared" / "data"
FOLDERS = ("openimages", "manaus", "coco")
WEIGHTS = {"YOLOv8n": "yolov8n_from_int8.pt", "YOLOv5nu": "yolov5nu_from_int8.pt"}


@dataclass(frozen=True, slots=True)
class Weights:
    """A YOLO's file and how it sees images."""

    file: Path
    input_size: int = 640


def real_weights() -> dict[str, Weights]:
    """By model id."""
    return {model_id: Weights(DATA / "weights" / file) for model_id, file in WEIGHTS.items()}


def photographs(*folders: str, every: int = 1) -> list[LabelledImage]:
    """Every nth of each folder; names begin with the folder's."""
    return [
        LabelledImage(
            DATA / "cars" / folder / each["image_path"],
            f"{folder}/{each['image_path']}",
            each["car_count"],
            tuple(map(tuple, each["boxes"])),
        )
        for folder in folders
        for each in json.loads((DATA / "cars" / folder / "manifest.json").read_text())[::every]
    ]


_ENTRY = """
[models.{id}]
name = "{id}"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "Weights of the bench."
input_size = {size}
[models.{id}.weights]
file = "{file}"
sha256 = "{sha256}"
"""


@contextmanager
def catalogue_of(weights: Mapping[str, Weights]) -> Iterator[Catalogue]:
    """Of YOLO weights by model id."""
    text = "".join(
        _ENTRY.format(
            id=model_id,
            size=each.input_size,
            file=each.file.absolute(),
            sha256=hashlib.sha256(each.file.read_bytes()).hexdigest(),
        )
        for model_id, each in weights.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.toml"
        path.write_text(text)
        yield load_catalogue(path)
