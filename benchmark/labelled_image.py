"""An image on this machine, and what is true of it."""

import math
from dataclasses import dataclass
from pathlib import Path

from benchmark.detection import Box
from benchmark.errors import BadLabel


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image of a comparison.

    Raises BadLabel where count and boxes contradict each other or a box has no area.
    """

    #: The encoded image file.
    path: Path
    #: The name it has in the job, used in messages and results.
    image_path: str
    #: Cars that are really there, 0 or more.
    car_count: int
    #: One box for each car; None where only the count is known.
    boxes: tuple[Box, ...] | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        if self.car_count < 0:
            raise BadLabel(f"{self.image_path}: car_count is {self.car_count}; it must be 0 or more.")
        if self.boxes is not None and len(self.boxes) != self.car_count:
            raise BadLabel(
                f"{self.image_path}: car_count is {self.car_count}, but there are {len(self.boxes)} boxes. "
                "Give one box for each car, or no boxes at all."
            )
        for box in self.boxes or ():
            self._check(box)

    def _check(self, box: Box) -> None:
        if len(box) != 4 or not all(math.isfinite(value) for value in box):
            raise BadLabel(f"{self.image_path}: box {list(box)} must be four finite numbers x1, y1, x2, y2.")
        if box[2] <= box[0] or box[3] <= box[1]:
            raise BadLabel(f"{self.image_path}: box {list(box)} has no area; corners must be x1 < x2 and y1 < y2.")

    @property
    def truth_boxes(self) -> tuple[Box, ...] | None:
        """Boxes of the cars; an image known to have no cars has none of them, which is known too."""
        return () if self.boxes is None and self.car_count == 0 else self.boxes
