"""Real YOLO weights on generated images, in this process or for an Arena."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmark import BenchmarkSettings, Catalogue, LabelledImage, Options, load_catalogue
from benchmark.measure.messages import Picture
from benchmark.measure.pictures import Pictures
from benchmark.measure.pulse import Pulse
from benchmark.measure.threads import default_threads
from benchmark.model import Model, Query
from benchmark.models.family import FAMILIES, Recipe, load_model

REPOSITORY = Path(__file__).parents[3]
DEMO = REPOSITORY / "demo"
#: Both sides of a comparison, and what a bare loop loads.
MODEL_A, MODEL_B = "Trained_yolov5", "Trained_yolov8"

QUERY = Query(0.25, ("car",))
SETTINGS = BenchmarkSettings(device="cpu")
#: A comparison of a few seconds.
QUICK = Options(min_seconds=1.0, window_seconds=1.0, windows=2)


@dataclass(frozen=True)
class Weights:
    """One weights file and how its model sees images."""

    file: Path
    input_size: int

    def load(self) -> Model:
        """Into this process, with as many threads as a Host has."""
        import torch

        torch.set_num_threads(default_threads())
        model = load_model(
            FAMILIES["ultralytics"].module, Recipe(self.file.stem, self.file, self.input_size, {}), "cpu"
        )
        torch.set_num_threads(default_threads())  # ultralytics chose for itself as it loaded
        return model


def demo_catalogue() -> Catalogue:
    return load_catalogue(DEMO / "catalogue.toml")


def demo_weights(model_id: str = MODEL_B) -> Weights:
    entry = demo_catalogue().detector(model_id)
    assert entry.weights, f"{model_id} has no weights"
    return Weights(DEMO / entry.weights.file, entry.input_size)


def demo_scenes(most: int | None = None) -> list[LabelledImage]:
    folder = DEMO / "scenes"
    items = json.loads((folder / "manifest.json").read_text())[:most]
    return [
        LabelledImage(
            folder / each["image_path"], each["image_path"], each["car_count"], tuple(map(tuple, each["boxes"]))
        )
        for each in items
    ]


_TWIN = """
[models.{id}]
name = "{id}"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "The same weights under another name."
input_size = {size}
[models.{id}.weights]
file = "{file}"
sha256 = "{sha256}"
"""


@contextmanager
def twin_catalogue(weights: Weights) -> Iterator[Catalogue]:
    """The same weights as `first` and as `second`."""
    sha256 = hashlib.sha256(weights.file.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.toml"
        path.write_text(
            "".join(
                _TWIN.format(id=name, size=weights.input_size, file=weights.file.absolute(), sha256=sha256)
                for name in ("first", "second")
            )
        )
        yield load_catalogue(path)


@contextmanager
def photographs(count: int, width: int = 1920, height: int = 1080) -> Iterator[list[LabelledImage]]:
    """JPEG files of the demo's scenes, blown up; each is shifted, so that no two are the same."""
    scenes = demo_scenes()
    with tempfile.TemporaryDirectory() as folder:
        images = []
        for number in range(count):
            pixels = cv2.imread(str(scenes[number % len(scenes)].path))
            assert pixels is not None
            path = Path(folder) / f"{number:04}.jpg"
            large = cv2.resize(np.roll(pixels, number, axis=1), (width, height), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(path), large)
            images.append(LabelledImage(path, path.name, scenes[number % len(scenes)].car_count))
        yield images


@dataclass
class Workbench:
    """A model and images as a Host holds them, and nobody at the other end of its connection."""

    model: Model
    pictures: Pictures
    pulse: Pulse
    #: Both ends, so that neither is closed.
    ends: tuple["Connection[Any, Any]", "Connection[Any, Any]"] = field(repr=False)

    @staticmethod
    def set_up(weights: Weights, images: list[LabelledImage]) -> "Workbench":
        ends = Pipe()
        pulse = Pulse(ends[0])
        pictures = Pictures([Picture(image.path, image.image_path) for image in images], pulse)
        return Workbench(weights.load(), pictures, pulse, ends)


def host_environment(threads: int) -> dict[str, str]:
    """What a Host sets for the libraries of its model that bears on speed, for a peer in a process of its own."""
    return os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
