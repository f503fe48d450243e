"""One image of the comparison: what is there, what each model found, and the photograph."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.reading import mapping, number, sequence
from benchmark import BadImage, Box, LabelledImage, thumbnail

#: Overlap from which two models' boxes are taken to mean the same car.
_SAME_IOU = 0.5
_LONGEST_PX = 640
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

    @property
    def gain(self) -> float | None:
        """Count accuracy of A minus that of B; None where one is not known."""
        if self.a is None or self.b is None or self.a.accuracy is None or self.b.accuracy is None:
            return None
        return self.a.accuracy - self.b.accuracy

    @property
    def shared(self) -> int:
        """Cars that both models found."""
        if self.a is None or self.b is None:
            return 0
        return _pairs([each.box for each in self.a.found], [each.box for each in self.b.found])

    @property
    def alone(self) -> dict[str, int]:
        """Of each side, the cars that the other did not find."""
        shared = self.shared
        return {side: len(seen.found) - shared if seen else 0 for side, seen in (("a", self.a), ("b", self.b))}

    @property
    def disagreement(self) -> tuple[float, int]:
        """More is further apart: first in count accuracy, then in the cars that only one of them found."""
        return abs(self.gain or 0.0), sum(self.alone.values())

    @property
    def outlines(self) -> dict[str, list[Outline]]:
        """Boxes of the truth, A and B, in the order they are drawn."""
        drawn = {"truth": [Outline(box, "true car") for box in self.truth_boxes or ()]}
        for side, seen in (("a", self.a), ("b", self.b)):
            drawn[side] = [
                Outline(each.box, side.upper() + ("" if each.score is None else f": confidence {each.score:.2f}"))
                for each in (seen.found if seen else ())
            ]
        return drawn


@dataclass(frozen=True, slots=True)
class Photograph:
    """The picture behind the boxes: a data URL, or why there is none; its size is what boxes are given in."""

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
    if picture.image is None:
        return Photograph("", "This report was made without the photographs.", *_extent(picture))
    try:
        small = thumbnail(picture.image.path, _LONGEST_PX)
    except BadImage as error:
        return Photograph("", f"The photograph cannot be shown: {error}", *_extent(picture))
    url = "data:image/jpeg;base64," + base64.b64encode(small.jpeg).decode()
    return Photograph(url, "", small.width, small.height)


def _picture(index: int, sides: Mapping[str, Mapping[str, Any]], images: Sequence[LabelledImage]) -> Picture:
    some = next(iter(sides.values()))
    image = images[index] if index < len(images) else None
    truth = image.car_count if image else number(some.get("truth_count"))
    return Picture(
        index=index,
        name=image.image_path if image else str(some.get("image_path") or f"image {index}"),
        description=(image.description or "") if image else "",
        truth_count=None if truth is None else int(truth),
        truth_boxes=image.truth_boxes if image else None,
        a=_seen(sides.get("a"), truth),
        b=_seen(sides.get("b"), truth),
        image=image,
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


def _pairs(ours: Sequence[Box], theirs: Sequence[Box]) -> int:
    """Boxes that can be paired one to one, those that overlap most first."""
    overlaps = sorted(((_iou(a, b), i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs)), reverse=True)
    used_a: set[int] = set()
    used_b: set[int] = set()
    for overlap, i, j in overlaps:
        if overlap >= _SAME_IOU and i not in used_a and j not in used_b:
            used_a.add(i)
            used_b.add(j)
    return len(used_a)


def _iou(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / both if both > 0 else 0.0
