"""A family of models for tests: it finds bright rectangles, and misbehaves as its weights file says."""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from benchmark.detection import Box, Detection
from benchmark.errors import WeightsUnreadable
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.family import Recipe


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


class FakeModel:
    """Its weights are JSON: `work_ms` of an image, `miss_every` nth car, and which `fault` happens `at` an inference.

    A `witness` gives the modules of its process as its classes. With `flicker` n, every nth image that it predicts
    lacks its first car. `device` is where it claims to be, unless it is loaded onto `cpu`; there too `most_at_once`
    does not hold, the images of a batch beyond which CUDA runs out of memory. Each inference adds a byte to the file
    `tally`. `blind_in_batches` finds nothing in batches of two or more. The `score` of each car can be given,
    `nan` too. With `points` it finds the middles of cars alone, and counts by a threshold of its own, that number. It
    says to have taken `exporting_s` of loading to export. The folder `gpu` stands for one that has room for two
    models, of whatever processes.
    """

    def __init__(self, manners: dict[str, Any], class_name: str, device: str = "auto") -> None:
        self._manners = manners
        self._on_cpu = device == "cpu"
        if gpu := manners.get("gpu"):
            Path(gpu, str(os.getpid())).touch()
        self._predicted = 0
        self._class_name = class_name
        self._inferences = 0
        self._ballast = np.ones(int(manners.get("memory_mb", 0) * 2**20), np.uint8)
        names = tuple(sys.modules) if "witness" in manners else (class_name, "dog")
        self._points = manners.get("points")
        self.info = ModelInfo(
            parameters=7,
            precision="fp32",
            device=self._claimed_device(),
            class_names=names,
            count_basis="boxes" if self._points is None else "peaks",
            confidence=self._points,
            runtime=manners.get("runtime", "torch"),
            export_s=manners.get("exporting_s"),
            exporting_s=manners.get("exporting_s", 0.0),
        )

    def _claimed_device(self) -> str:
        return "cpu" if self._on_cpu else str(self._manners.get("device", "cpu"))

    def preprocess(self, images: Sequence[Image]) -> list[Image]:
        return [image.max(axis=2) for image in images]

    def infer(self, inputs: list[Image]) -> list[Any]:
        self._inferences += 1
        self._count_out(len(inputs))
        if self._inferences >= self._manners.get("at", 0):
            self._misbehave()
        deadline = time.perf_counter() + len(inputs) * self._manners.get("work_ms", 1.0) / 1e3
        while time.perf_counter() < deadline:
            pass
        return [cv2.connectedComponentsWithStats((grey > 128).astype(np.uint8))[2][1:] for grey in inputs]

    def _count_out(self, images: int) -> None:
        if tally := self._manners.get("tally"):
            with open(tally, "ab") as file:
                file.write(b".")
        if "gpu" in self._manners and not self._on_cpu and len(_living(Path(self._manners["gpu"]))) > 2:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB. Processes hold the rest.")
        if not self._on_cpu and images > self._manners.get("most_at_once", images):
            raise OutOfMemoryError(f"CUDA out of memory. Tried to allocate {images} GiB. GPU 0 has no more.")

    def _misbehave(self) -> None:
        if fault := self._manners.get("fault"):
            FAULTS[fault]()

    def postprocess(
        self, outputs: list[Any], inputs: list[Image], images: Sequence[Image], query: Query
    ) -> list[list[Detection]]:
        blind = "blind_in_batches" in self._manners and len(images) > 1
        return [[] if blind else self._detections(self._seen(rows), query) for rows in outputs]

    def _seen(self, rows: Any) -> Any:
        self._predicted += 1
        return rows[1:] if "flicker" in self._manners and self._predicted % self._manners["flicker"] == 0 else rows

    def _detections(self, rows: Any, query: Query) -> list[Detection]:
        found = [
            Detection(self._box(x, y, w, h), self._score(number), self._class_name)
            for number, (x, y, w, h, _) in enumerate(rows)
            if (number + 1) % self._manners.get("miss_every", 1000)
        ]
        found += [Detection((0.0, 0.0, 3.0, 3.0), 0.01, self._class_name)]
        return [each for each in found if not each.score <= query.confidence and each.label in query.classes]

    def _box(self, x: float, y: float, w: float, h: float) -> Box:
        if self._points is None:
            return (float(x), float(y), float(x + w), float(y + h))
        return (x + w / 2, y + h / 2, x + w / 2, y + h / 2)

    def _score(self, number: int) -> float:
        return float(self._manners.get("score", 0.9 - number / 100))

    def synchronize(self) -> None:
        pass


def _living(gpu: Path) -> list[Path]:
    """Processes that hold a model on it."""
    return [each for each in gpu.iterdir() if psutil.pid_exists(int(each.name))]


def _grow() -> None:
    """Up to 3 GiB, in steps of 16 MiB that are touched; then nothing more is heard of it."""
    hoard = []
    for _ in range(192):
        hoard.append(np.ones(16 * 2**20, np.uint8))
        time.sleep(0.005)
    time.sleep(3600)


def _hold_the_interpreter() -> None:
    sum(range(10**12))


def _flood() -> None:
    os.write(1, b"progress " * 250_000 + b"done\n")


def _change_the_process() -> None:
    os.chdir("/")
    sys.stdout.close()
    os.close(1)


def _allocate_too_much() -> None:
    import torch

    torch.empty(2**50)


def _raise(error: BaseException) -> None:
    raise error


#: Ways to fail. Those that end or hang the process are real, as are those that take memory; a GPU's are not.
FAULTS: dict[str, Callable[[], Any]] = {
    "abort": os.abort,
    "allocate too much": _allocate_too_much,
    "change the process": _change_the_process,
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exhaust": lambda: _raise(MemoryError("no more")),
    "exit": lambda: os._exit(3),
    "flood": _flood,
    "gpu fault": lambda: _raise(RuntimeError("CUDA error: an illegal memory access was encountered")),
    "grow": _grow,
    "hang": lambda: time.sleep(3600),
    "hold the interpreter": _hold_the_interpreter,
    "raise": lambda: _raise(RuntimeError("the layers do not fit")),
    "segfault": lambda: ctypes.string_at(0),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "sys.exit": lambda: sys.exit(3),
}


def load(recipe: Recipe, device: str) -> FakeModel:
    """`fault_at_load` happens here."""
    manners = json.loads(recipe.weights.read_text())
    if manners.get("fault") == "unreadable":
        raise WeightsUnreadable(f"{recipe.weights.name} cannot be opened.")
    if fault := manners.get("fault_at_load"):
        FAULTS[fault]()
    return FakeModel(manners, recipe.classes.get("auto", "auto"), device)
