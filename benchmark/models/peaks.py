"""Peaks of a map: where it is higher than all around."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Peak:
    """A position of the map that no neighbour exceeds, or the middle of several such of one height."""

    row: float
    column: float
    height: float


def find_peaks(heights: npt.NDArray[np.float32], threshold: float) -> list[Peak]:
    """The regional maxima above a threshold, highest first, of a map of shape (rows, columns).

    Each position has 8 neighbours, fewer at the border. A plateau counts once, and not at all where it touches
    something higher.
    """
    highest_around = cv2.dilate(heights, _NEIGHBOURS)
    summits = ((heights == highest_around) & (heights > threshold)).astype(np.uint8)
    count, labels = cv2.connectedComponents(summits, connectivity=8)
    found = [_peak(heights, labels == label) for label in range(1, count)]
    return sorted((each for each in found if each), key=lambda each: -each.height)


def _peak(heights: npt.NDArray[np.float32], plateau: npt.NDArray[np.bool_]) -> Peak | None:
    """The peak of connected summits; None where they are only a part of a level shoulder."""
    height = heights[plateau][0]
    around = cv2.dilate(plateau.astype(np.uint8), _NEIGHBOURS).astype(bool) & ~plateau
    if (heights[around] == height).any():
        return None
    rows, columns = np.nonzero(plateau)
    return Peak(float(rows.mean()), float(columns.mean()), float(height))
