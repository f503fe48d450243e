"""Scenes of bright rectangles, and a catalogue of models that find them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmark import Arena, BenchmarkSettings, Catalogue, LabelledImage, Options, load_catalogue
from tests.benchmark.fake_catalogue import FAMILY, write_fake

FAKES: dict[str, dict[str, Any]] = {
    "good": {},
    "twin": {},
    "half_blind": {"miss_every": 2},
    "slow": {"work_ms": 5.0},
    "large": {"memory_mb": 300},
    "dies": {"fault": "die", "at": 40},
    "hangs": {"fault": "hang", "at": 40},
    "raises": {"fault": "raise"},
    "exhausts": {"fault": "exhaust"},
    "burns": {"fault": "gpu fault", "at": 40},
    "unreadable": {"fault": "unreadable"},
    "loads_for_ever": {"fault_at_load": "hang"},
    "segfaults": {"fault": "segfault", "at": 40},
    "aborts": {"fault": "abort", "at": 40},
    "exits": {"fault": "exit", "at": 40},
    "exits_at_load": {"fault_at_load": "exit"},
    "allocates": {"fault": "allocate too much", "at": 40},
    "changes_its_process": {"fault_at_load": "change the process"},
    "counts_by_points": {"points": 0.885},
    "exported": {"exporting_s": 1000.0, "runtime": "onnx"},
    "flickers": {"flicker": 5},
    "blind_in_batches": {"blind_in_batches": True},
    "finds_nan": {"score": "nan"},
    "on_gpu": {"device": "cuda:0"},
    "at_most_two": {"device": "cuda:0", "most_at_once": 2},
    "only_on_cpu": {"device": "cuda:0", "most_at_once": 0},
}


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """All FAKES."""
    return fake_catalogue(tmp_path_factory.mktemp("catalogue"))


def fake_catalogue(folder: Path, fakes: Mapping[str, dict[str, Any]] = FAKES) -> Catalogue:
    entries = [write_fake(folder, model_id, manners) for model_id, manners in fakes.items()]
    (folder / "catalogue.toml").write_text("".join([FAMILY, *entries]))
    return load_catalogue(folder / "catalogue.toml")


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledImage]:
    """24 images with 0 to 5 cars each."""
    folder = tmp_path_factory.mktemp("scenes")
    return [draw_scene(folder, number, cars=number % 6) for number in range(24)]


def draw_scene(folder: Path, number: int, cars: int) -> LabelledImage:
    image = np.zeros((60, 80, 3), np.uint8)
    boxes = []
    for car in range(cars):
        x, y = 4 + 15 * car, 5 + (7 * number) % 30
        image[y : y + 12, x : x + 10] = 255
        boxes.append((float(x), float(y), float(x + 10), float(y + 12)))
    path = folder / f"{number:03}.png"
    assert cv2.imwrite(str(path), image)
    return LabelledImage(path, f"scenes/{path.name}", cars, tuple(boxes))


@pytest.fixture
def quick() -> Options:
    """The shortest comparison that still has a p90."""
    return Options(min_seconds=0.1, window_seconds=0.2, windows=2, batch_size=2)


@pytest.fixture(scope="session")
def arena(catalogue: Catalogue) -> Iterator[Arena]:
    """An Arena with the fakes."""
    with Arena(catalogue, settings=BenchmarkSettings(country="DEU", silence_timeout_s=20)) as opened:
        yield opened
