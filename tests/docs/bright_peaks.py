"""A family whose thresholds can be set: it sees bright rectangles as peaks."""

import json
from typing import Any

from benchmark.model import Image
from benchmark.models.family import Recipe
from tests.benchmark import fake_adapter


class PeakModel(fake_adapter.FakeModel):
    """Surer of larger rectangles."""

    def look(self, image: Image) -> tuple[float, list[float]]:
        """The probability that there is a car, and the heights of all peaks."""
        [rows] = self.infer(self.preprocess([image]))
        heights = [float(area / (area + 500)) for *_, area in rows]
        return max(heights, default=0.0), heights


def load(recipe: Recipe, device: str) -> PeakModel:
    manners: dict[str, Any] = json.loads(recipe.weights.read_text())
    return PeakModel(manners, recipe.classes["auto"], device)
