"""One image of the comparison: what is there, what each model found, and the photograph."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.reading import mapping, number, sequence
from benchmark import BadImage, Box, LabelledImage, thumbnail

#: Overlap from which two models' boxes are taken to mean the same car.
_SAME_IOU = 0.5
_LONGEST_PX = 640
#: Boxes of one side that are drawn on an image; with more nothing of it is seen, and a browser takes long.
MOST_BOXES = 300
#: Boxes whose overlaps with all others are held in memory at once.
_ROWS = 64
#: Pairs from which those of paired boxes are taken out at once.
_BLOCK = 1024
#: Where neither photograph nor box tells how large the image is, in pixels.
_UNKNOWN_SIZE = (640.0, 480.0)


@dataclass(frozen=True, slots=True)
class Found:
    """A box of one model and its confidence, None where unknown."""

    box: Box
    score: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one model made of the image."""

    count: int | None
    #: Count accuracy, 0–1.
    accuracy: float | None
    latency_ms: float | None
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A box to draw, and what a pointer reads on it."""

    box: Box
    hint: str

    @property
    def is_point(self) -> bool:
        """Whether it has no area: what a model without boxes finds."""
        return self.box[0] == self.box[2] and self.box[1] == self.box[3]


@dataclass(frozen=True, slots=True)
class Picture:
    """One image, side by side; a model whose result is missing has no Seen."""

    index: int
    name: str
    description: str
    truth_count: int | None
    #: None where only their number is known.
    truth_boxes: tuple[Box, ...] | None
    a: Seen | None
    b: Seen | None
    image: LabelledImage | None
    #: Cars that both models found.
    shared: int

    @property
    def gain(self) -> float | None:
        """Count accuracy of A minus that of B; None where one is not known."""
        if self.a is None or self.b is None or self.a.accuracy is None or self.b.accuracy is None:
            return None
        return self.a.accuracy - self.b.accuracy

    @property
    def alone(self) -> dict[str, int]:
        """Of each side, the cars that the other did not find."""
        return {side: len(seen.found) - self.shared if seen else 0 for side, seen in (("a", self.a), ("b", self.b))}

    @property
    def disagreement(self) -> tuple[float, int]:
        """More is further apart: first in count accuracy, then in the cars that only one of them found."""
        return abs(self.gain or 0.0), sum(self.alone.values())

    @property
    def outlines(self) -> dict[str, list[Outline]]:
        """Boxes of the truth, A and B, in the order they are drawn; of each no more than `MOST_BOXES`."""
        drawn = {"truth": [Outline(box, "true car") for box in (self.truth_boxes or ())[:MOST_BOXES]]}
        for side, seen in (("a", self.a), ("b", self.b)):
            drawn[side] = [
                Outline(each.box, side.upper() + ("" if each.score is None else f": confidence {each.score:.2f}"))
                for each in (_surest(seen.found) if seen else ())
            ]
        return drawn


@dataclass(frozen=True, slots=True)
class Photograph:
    """The picture behind the boxes: a data URL, and what is not shown and why; boxes are given in its size."""

    url: str
    missing: str
    width: float
    height: float


def pictures(rows: Any, images: Sequence[LabelledImage]) -> list[Picture]:
    """In the order of the comparison, from rows of `image_results`."""
    by_index: dict[int, dict[str, Mapping[str, Any]]] = {}
    for row in map(mapping, sequence(rows)):
        index = row.get("image_index")
        if isinstance(index, int) and not isinstance(index, bool) and index >= 0 and row.get("side") in ("a", "b"):
            by_index.setdefault(index, {})[row["side"]] = row
    return [_picture(index, by_index[index], images) for index in sorted(by_index)]


def photograph(picture: Picture) -> Photograph:
    """Read now, for a few hundred of them would fill the memory."""
    missing = list(_undrawn(picture))
    if picture.image is None:
        missing.insert(0, "This report was made without the photographs.")
        return Photograph("", " ".join(missing), *_extent(picture))
    try:
        small = thumbnail(picture.image.path, _LONGEST_PX)
    except BadImage as error:
        missing.insert(0, f"The photograph cannot be shown: {error}")
        return Photograph("", " ".join(missing), *_extent(picture))
    url = "data:image/jpeg;base64," + base64.b64encode(small.jpeg).decode()
    return Photograph(url, " ".join(missing), small.width, small.height)


def _undrawn(picture: Picture) -> Iterator[str]:
    if (truth := len(picture.truth_boxes or ())) > MOST_BOXES:
        yield f"Of {truth} true boxes the first {MOST_BOXES} are drawn."
    for side, seen in (("A", picture.a), ("B", picture.b)):
        if seen and len(seen.found) > MOST_BOXES:
            yield f"Of {len(seen.found)} boxes of {side} the {MOST_BOXES} of highest confidence are drawn."


def _surest(found: Sequence[Found]) -> Sequence[Found]:
    """The `MOST_BOXES` of highest confidence; one without a confidence goes first."""
    if len(found) <= MOST_BOXES:
        return found
    return sorted(found, key=lambda each: -1.0 if each.score is None else each.score, reverse=True)[:MOST_BOXES]


def _picture(index: int, sides: Mapping[str, Mapping[str, Any]], images: Sequence[LabelledImage]) -> Picture:
    some = next(iter(sides.values()))
    image = images[index] if index < len(images) else None
    truth = image.car_count if image else number(some.get("truth_count"))
    a, b = (_seen(sides.get(side), truth) for side in ("a", "b"))
    return Picture(
        index=index,
        name=image.image_path if image else str(some.get("image_path") or f"image {index}"),
        description=(image.description or "") if image else "",
        truth_count=None if truth is None else int(truth),
        truth_boxes=image.truth_boxes if image else None,
        a=a,
        b=b,
        image=image,
        shared=_pairs(_corners(a), _corners(b)),
    )


def _seen(row: Mapping[str, Any] | None, truth: float | None) -> Seen | None:
    if row is None:
        return None
    count = number(row.get("predicted_count"))
    accuracy = None
    if count is not None and truth is not None:
        accuracy = max(0.0, 1 - abs(count - truth) / max(truth, 1.0))
    return Seen(
        count=None if count is None else int(count),
        accuracy=accuracy,
        latency_ms=number(row.get("latency_ms")),
        found=tuple(_found(map(mapping, sequence(row.get("detections"))))),
    )


def _found(detections: Iterable[Mapping[str, Any]]) -> Iterable[Found]:
    for each in detections:
        corners = [number(value) for value in sequence(each.get("box"))]
        if len(corners) == 4 and None not in corners:
            yield Found(tuple(corners), number(each.get("score")))  # type: ignore[arg-type]


def _extent(picture: Picture) -> tuple[float, float]:
    boxes = [*(picture.truth_boxes or ())]
    boxes += [each.box for seen in (picture.a, picture.b) if seen for each in seen.found]
    if not boxes:
        return _UNKNOWN_SIZE
    return max(1.0, *(box[2] * 1.05 for box in boxes)), max(1.0, *(box[3] * 1.05 for box in boxes))


def _corners(seen: Seen | None) -> npt.NDArray[np.float64]:
    """One row for each box."""
    return np.array([each.box for each in seen.found] if seen else [], np.float64).reshape(-1, 4)


def _pairs(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> int:
    """Boxes that can be paired one to one, those that overlap most first."""
    pairs, overlaps = _overlapping(ours, theirs)
    pairs = pairs[np.argsort(-overlaps, kind="stable")]
    free_a, free_b = np.ones(len(ours), bool), np.ones(len(theirs), bool)
    for start in range(0, len(pairs), _BLOCK):
        block = pairs[start : start + _BLOCK]
        for i, j in block[free_a[block[:, 0]] & free_b[block[:, 1]]].tolist():
            if free_a[i] and free_b[j]:
                free_a[i] = free_b[j] = False
    return int(np.count_nonzero(~free_a))


def _overlapping(
    ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """The pairs of boxes that mean the same car, as two columns of indices, and how much each overlaps."""
    pairs, overlaps = [np.empty((0, 2), np.intp)], [np.empty(0)]
    for start in range(0, len(ours), _ROWS):
        overlap = _overlap(ours[start : start + _ROWS], theirs)
        close = overlap >= _SAME_IOU
        pairs.append(np.argwhere(close) + np.array([start, 0]))
        overlaps.append(overlap[close])
    return np.concatenate(pairs), np.concatenate(overlaps)


def _overlap(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Intersection over union, one row for each of ours.

    Of a point and a box 1 or 0: whether it lies within. No number where a box of no area is no point.
    """
    a, b = ours.T[:, :, None], theirs.T[:, None, :]
    with np.errstate(all="ignore"):  # a stranger's boxes may be larger than a float
        width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
        height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
        common = np.maximum(width, 0) * np.maximum(height, 0)
        both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
        return np.asarray(np.where(_is_point(a) | _is_point(b), (width >= 0) & (height >= 0), common / both))


def _is_point(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.asarray((corners[0] == corners[2]) & (corners[1] == corners[3]))
