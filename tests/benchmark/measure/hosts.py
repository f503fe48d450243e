"""What the tests of Hosts share."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmark import LabelledImage
from benchmark.measure.host import Watch
from benchmark.measure.messages import Load, Open, Picture
from benchmark.model import Query
from benchmark.models.family import Recipe, load_model

QUERY = Query(0.25, ("car",))
WATCH = Watch(silence_s=30)


def open_scenes(scenes: list[LabelledImage]) -> Open:
    return Open(tuple(Picture(image.path, image.image_path, image.truth_boxes or ()) for image in scenes))


def load_fake(tmp_path: Path, manners: str | dict[str, Any], device: str = "cpu") -> Load:
    weights = tmp_path / "weights.json"
    weights.write_text(manners if isinstance(manners, str) else json.dumps(manners))
    return Load(
        partial(load_model, "tests.benchmark.fake_adapter", Recipe("fake", weights, 640, {"auto": "car"})), device, None
    )


def gone(pid: int) -> bool:
    """Whether a process ends soon."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
