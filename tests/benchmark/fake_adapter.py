"""A family of models for tests: it finds bright rectangles, and misbehaves as its weights file says."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from benchmark.detection import Detection
from benchmark.errors import WeightsUnreadable
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.family import Recipe


class FakeModel:
    """Its weights are JSON: `work_ms` of an image, `miss_every` nth car, and what goes wrong at which inference.

    A `witness` gives the modules of its process as its classes.
    """

    def __init__(self, manners: dict[str, Any], class_name: str) -> None:
        self._manners = manners
        self._class_name = class_name
        self._inferences = 0
        self._ballast = np.ones(int(manners.get("memory_mb", 0) * 2**20), np.uint8)
        names = tuple(sys.modules) if "witness" in manners else (class_name, "dog")
        self.info = ModelInfo(parameters=7, precision="fp32", device="cpu", class_names=names)

    def preprocess(self, images: Sequence[Image]) -> list[Image]:
        return [image.max(axis=2) for image in images]

    def infer(self, inputs: list[Image]) -> list[Any]:
        self._inferences += 1
        if self._inferences >= self._manners.get("at", 0):
            self._misbehave()
        deadline = time.perf_counter() + len(inputs) * self._manners.get("work_ms", 1.0) / 1e3
        while time.perf_counter() < deadline:
            pass
        return [cv2.connectedComponentsWithStats((grey > 128).astype(np.uint8))[2][1:] for grey in inputs]

    def _misbehave(self) -> None:
        match self._manners.get("fault"):
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(3600)
            case "raise":
                raise RuntimeError("the layers do not fit")
            case "exhaust":
                raise MemoryError("no more")
            case "gpu fault":
                raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def postprocess(
        self, outputs: list[Any], inputs: list[Image], images: Sequence[Image], query: Query
    ) -> list[list[Detection]]:
        return [self._detections(rows, query) for rows in outputs]

    def _detections(self, rows: Any, query: Query) -> list[Detection]:
        found = [
            Detection((float(x), float(y), float(x + w), float(y + h)), 0.9 - number / 100, self._class_name)
            for number, (x, y, w, h, _) in enumerate(rows)
            if (number + 1) % self._manners.get("miss_every", 1000)
        ]
        found += [Detection((0.0, 0.0, 3.0, 3.0), 0.01, self._class_name)]
        return [each for each in found if each.score > query.confidence and each.label in query.classes]

    def synchronize(self) -> None:
        pass


def load(recipe: Recipe, device: str) -> FakeModel:
    manners = json.loads(recipe.weights.read_text())
    if manners.get("fault") == "unreadable":
        raise WeightsUnreadable(f"{recipe.weights.name} cannot be opened.")
    if manners.get("fault") == "slow to load":
        time.sleep(3600)
    return FakeModel(manners, recipe.classes.get("auto", "auto"))
