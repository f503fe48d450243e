"""True and false positives, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.detection import Box, Detection

#: Overlap from which a detection and a real car are the same thing.
MATCH_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Matches:
    """True positives, false positives and false negatives."""

    tp: int
    fp: int
    fn: int

    def __add__(self, other: "Matches") -> "Matches":
        return Matches(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 1.0

    @property
    def precision(self) -> float | None:
        """None where nothing was found, for then there is nothing to be precise about."""
        found = self.tp + self.fp
        return self.tp / found if found else None

    @property
    def recall(self) -> float | None:
        """None where there was nothing to find."""
        real = self.tp + self.fn
        return self.tp / real if real else None


def count_matches(predicted: int, truth: int) -> Matches:
    """What a count alone allows to say of one image."""
    return Matches(tp=min(predicted, truth), fp=max(0, predicted - truth), fn=max(0, truth - predicted))


def box_matches(detections: Sequence[Detection], boxes: Sequence[Box], iou: float = MATCH_IOU) -> Matches:
    """Match one image as COCO does: by falling score, each detection takes the best box still free.

    `detections` are those above the confidence threshold; they need not be sorted.
    """
    overlaps = iou_matrix([each.box for each in detections], boxes)
    free = np.ones(len(boxes), bool)
    matched = 0
    for row in np.argsort([-each.score for each in detections], kind="stable"):
        candidates = np.where(free, overlaps[row], -1.0)
        if candidates.size and candidates.max() >= iou:
            free[int(candidates.argmax())] = False
            matched += 1
    return Matches(tp=matched, fp=len(detections) - matched, fn=len(boxes) - matched)


def iou_matrix(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """Intersection over union of every pair, shape (len(first), len(second)), 0–1."""
    a = np.asarray(first, float).reshape(-1, 1, 4)
    b = np.asarray(second, float).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.clip(sides, 0.0, None), axis=-1)
    union = _area(a) + _area(b) - shared
    overlaps: npt.NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlaps


def _area(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    area: npt.NDArray[np.float64] = np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    return area
