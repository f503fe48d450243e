"""The agent as a process of its own, with models that need no library."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from tests.agent.queue import until

# Ids that the database knows; what stands behind them here finds bright rectangles, or misbehaves.
MANNERS: dict[str, dict[str, Any]] = {
    "Trained_yolov5": {},
    "Trained_yolov8": {"miss_every": 2},
    "efficientnet_b0": {"fault": "raise"},
}
MODELS = ("Trained_yolov5", "Trained_yolov8")
QUICK = {"min_seconds": 0.1, "windows": 1, "window_seconds": 0.5, "batch_size": 1}
LONG = {"min_seconds": 300}
SCENES: list[dict[str, Any]] = [
    {"image_path": "scene.png", "car_count": 2, "boxes": [[4, 5, 14, 17], [24, 5, 34, 17]]},
    {"image_path": "empty.png", "car_count": 0},
]

_FAMILIES = """
[families.fake]
module = "tests.benchmark.fake_adapter"
[families.absent]
module = "tests.benchmark.fake_adapter"
requires = ["no_such_library"]
extra = "nothing"
"""

_ENTRY = """
[models.{id}]
name = "{id}"
family = "{family}"
task = "object-detection"
can_detect_cars = true
description = "Of a test."
classes = {{ auto = "car" }}
[models.{id}.weights]
file = "{id}.json"
sha256 = "{sha256}"
"""


def make_workplace(folder: Path) -> dict[str, str]:
    """A catalogue, its weights and an image root in ``folder``; the settings that point to them."""
    text = _FAMILIES
    for model_id, manners in {**MANNERS, "detectron2": {}}.items():
        content = json.dumps({"id": model_id, **manners}).encode()
        (folder / f"{model_id}.json").write_bytes(content)
        family = "fake" if model_id in MANNERS else "absent"
        text += _ENTRY.format(id=model_id, family=family, sha256=hashlib.sha256(content).hexdigest())
    (folder / "catalogue.toml").write_text(text)
    _draw(folder / "images")
    return {"ARENA_CATALOGUE": str(folder / "catalogue.toml"), "ARENA_IMAGE_ROOT": str(folder / "images")}


def _draw(folder: Path) -> None:
    folder.mkdir()
    image = np.zeros((60, 80, 3), np.uint8)
    cv2.imwrite(str(folder / "empty.png"), image)
    for x in (4, 24):
        image[5:17, x : x + 10] = 255
    cv2.imwrite(str(folder / "scene.png"), image)
    (folder / "broken.jpg").write_text("no image at all")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "out.jpg").symlink_to(folder.parent / "secret.txt")


class AgentProcess:
    """``python -m agent agent``, for as long as the context lasts."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "SUPABASE_"))}
        self._environment = {**kept, "ARENA_LOG_FORMAT": "json", "ARENA_LOG_LEVEL": "debug", **environment}
        self.folder = folder
        self._log = folder / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "agent", "agent"]
            self._process = subprocess.Popen(command, cwd=self.folder, env=self._environment, stdout=log, stderr=log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def text(self) -> str:
        """Its log."""
        return self._log.read_text("utf-8")

    def lines(self, action: str) -> list[dict[str, Any]]:
        """Records of that action in its log."""
        records = [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]
        return [record for record in records if record.get("action") == action]

    def await_line(self, action: str, seconds: float = 60.0) -> dict[str, Any]:
        """The first record of that action."""
        try:
            until(lambda: bool(self.lines(action)) or not self.alive, seconds)
            return self.lines(action)[0]
        except (AssertionError, IndexError):
            raise AssertionError(f"no {action} in:\n{self.text}") from None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        assert self._process is not None
        return self._process.poll() is None

    def end(self, signum: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; gives the exit code and the seconds it took."""
        assert self._process is not None
        started = time.perf_counter()
        self._process.send_signal(signum)
        return self._process.wait(60), time.perf_counter() - started

    def wait(self) -> int:
        """Its exit code."""
        assert self._process is not None
        return self._process.wait(60)
